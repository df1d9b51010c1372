use shared::Error;
use shared::app::App;
use shared::chat::revise::{self, RevisionDraft};
use shared::frames::{EditMessage, FrameId, RecallMessage, ServerFrame};
use shared::socket::Origin;

use crate::{admit, client_id};

/// `edit`: the message says something else from now on.
pub(crate) async fn edit(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: EditMessage,
) -> Result<ServerFrame<'static>, Error> {
    revise(app, origin, id, RevisionDraft::edit(frame.message_id, frame.content)).await
}

/// `recall`: the message says nothing any more.
pub(crate) async fn recall(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    frame: RecallMessage,
) -> Result<ServerFrame<'static>, Error> {
    revise(app, origin, id, RevisionDraft::recall(frame.message_id)).await
}

async fn revise(
    app: &App,
    origin: &Origin,
    id: Option<FrameId>,
    draft: RevisionDraft,
) -> Result<ServerFrame<'static>, Error> {
    admit(app, origin).await?;
    let client_id = client_id(origin, id.as_ref())?;
    let from = Some(&origin.address.connection);
    let ack = revise::revise(app, &origin.caller, from, client_id, draft).await?;
    Ok(ServerFrame::Ack { id, ack })
}
