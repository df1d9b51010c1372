use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::admission;
use shared::chat::revise::{self, RevisionDraft};
use shared::contract::{Conflict, RateLimited, Rejected};
use shared::frames::{Ack, FrameId};
use shared::http::{At, Body, client_id};
use shared::identity::Caller;
use shared::ids::{ClientMessageId, MessageId, RoomRef};
use shared::names::Content;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[schema(as = Edit)]
pub(crate) struct EditBody {
    content: Content,
    /// Makes the edit idempotent, as the `Idempotency-Key` header does, which comes first.
    id: Option<FrameId>,
}

/// `PATCH` or `PUT /api/v1/rooms/{room}/messages/{message}`: gives a message other content, as `edit` over the socket; the
/// answer is the acknowledgement.
///
/// # Errors
/// `rate_limited`; `not_found`; `forbidden` for somebody else's and for one that is too old; `conflict` when it was
/// recalled; `not_broadcast`: it is stored, and delivered later.
#[utoipa::path(
    method(patch, put),
    path = "/api/v1/rooms/{room}/messages/{message}",
    params(("room" = RoomRef, Path), ("message" = MessageId, Path), ("Idempotency-Key" = Option<ClientMessageId>, Header)),
    request_body = EditBody,
    responses((status = 200, description = "It is stored.", body = Ack), Conflict, RateLimited, Rejected),
)]
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

/// `DELETE /api/v1/rooms/{room}/messages/{message}`: takes a message back, as `recall` over the socket; the answer
/// is the acknowledgement. `Idempotency-Key` makes it idempotent.
///
/// # Errors
/// `rate_limited`; `not_found`; `forbidden` for somebody else's and for one that is too old; `conflict` when it was
/// recalled; `not_broadcast`: it is stored, and delivered later.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/messages/{message}",
    params(("room" = RoomRef, Path), ("message" = MessageId, Path), ("Idempotency-Key" = Option<ClientMessageId>, Header)),
    responses((status = 200, description = "It is stored.", body = Ack), Conflict, RateLimited),
)]
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
