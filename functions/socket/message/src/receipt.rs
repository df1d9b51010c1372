use shared::Error;
use shared::app::App;
use shared::chat::receipt;
use shared::frames::{FrameId, ReadReceipt, ServerFrame};
use shared::socket::Origin;

use crate::admit;

/// `read_receipt`: the sender has read up to there.
pub(crate) async fn read(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: &ReadReceipt,
) -> Result<ServerFrame<'static>, Error> {
    admit(app, origin).await?;
    let (room_id, seq) = receipt::read(app, &origin.caller, &origin.address.connection, frame).await?;
    Ok(ServerFrame::ReadAck { id, room_id, seq })
}
