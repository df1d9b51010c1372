use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::admission;
use shared::chat::revise::{self, RevisionDraft};
use shared::frames::{Ack, FrameId};
use shared::http::{At, Body, client_id};
use shared::identity::Caller;
use shared::ids::{MessageId, RoomRef};
use shared::names::Content;

#[derive(Deserialize)]
pub(crate) struct EditBody {
    content: Content,
    /// Makes the edit idempotent, as the `Idempotency-Key` header does, which comes first.
    id: Option<FrameId>,
}

/// `PATCH` or `PUT /api/v1/rooms/{room}/messages/{message}`: other content, as `edit` over the socket; the
/// answer is the acknowledgement.
///
/// # Errors
/// As `shared::chat::revise::revise`; `rate_limited`.
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((room, message)): At<(RoomRef, MessageId)>,
    headers: HeaderMap,
    Body(body): Body<EditBody>,
) -> Result<Json<Ack>, Error> {
    let client_id = client_id(&headers, body.id.as_ref())?;
    admission::admit(&app, &caller, None).await?;
    let draft = RevisionDraft::edit(message, body.content).within(room);
    revise::revise(&app, &caller, None, client_id, draft).await.map(Json)
}

/// `DELETE /api/v1/rooms/{room}/messages/{message}`: takes it back, as `recall` over the socket; the answer
/// is the acknowledgement. `Idempotency-Key` makes it idempotent.
///
/// # Errors
/// As `shared::chat::revise::revise`; `rate_limited`.
pub(crate) async fn recall(
    State(app): State<Arc<App>>,
    caller: Caller,
    At((room, message)): At<(RoomRef, MessageId)>,
    headers: HeaderMap,
) -> Result<Json<Ack>, Error> {
    let client_id = client_id(&headers, None)?;
    admission::admit(&app, &caller, None).await?;
    let draft = RevisionDraft::recall(message).within(room);
    revise::revise(&app, &caller, None, client_id, draft).await.map(Json)
}
