use shared::app::App;
use shared::chat::status;
use shared::frames::{FrameId, ServerFrame, StatusUpdate};
use shared::model::Status;
use shared::socket::Origin;
use shared::support::serving;

use crate::admit;

/// Keeps what the sender wants to be shown as, over all devices and reconnects, and has others told; staff
/// serve by it at once.
pub(crate) async fn update(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    StatusUpdate { status }: StatusUpdate,
) -> Result<ServerFrame<'static>, shared::Error> {
    admit(app, origin).await?;
    let user = origin.caller.user;
    app.statuses.choose(user, status).await?;
    if status == Status::Offline {
        // What others are shown from now on, however long the user is here unseen.
        app.statuses.seen(user, app.clock.now()).await?;
    }
    if origin.caller.role.serves() {
        serving::stand(app, user, status).await?;
    }
    status::changed(app, &[user]).await;
    Ok(ServerFrame::StatusAck { id, status })
}
