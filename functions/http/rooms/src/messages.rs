use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::{admission, send};
use shared::contract::{Conflict, RateLimited, Rejected};
use shared::frames::{Ack, Draft, FrameId, Target};
use shared::http::{At, Body, client_id};
use shared::identity::Caller;
use shared::ids::{ClientMessageId, MessageId, RoomRef};
use shared::names::{Content, Kind, Metadata};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMessage)]
pub(crate) struct MessageBody {
    content: Content,
    #[serde(default)]
    kind: Kind,
    reply_to: Option<MessageId>,
    metadata: Option<Metadata>,
    /// Makes the send idempotent, as the `Idempotency-Key` header does, which comes first.
    id: Option<FrameId>,
}

/// `POST /api/v1/rooms/{room}/messages`: stores a message as `message` over the socket does; the answer is the
/// acknowledgement.
///
/// # Errors
/// `rate_limited`; `not_found`; `forbidden` (not in it, blocked, banned); `conflict` for an id that was used for another
/// message, and in a closed session; `rejected` by moderation; `not_broadcast`: it is stored, and delivered later.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/messages",
    params(("room" = RoomRef, Path), ("Idempotency-Key" = Option<ClientMessageId>, Header)),
    request_body = MessageBody,
    responses((status = 201, description = "It is stored.", body = Ack), Conflict, RateLimited, Rejected),
)]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    headers: HeaderMap,
    Body(body): Body<MessageBody>,
) -> Result<(StatusCode, Json<Ack>), Error> {
    let client_id = client_id(&headers, body.id.as_ref())?;
    admission::admit(&app, &caller, None).await?;
    let draft = Draft {
        target: Target::Room(room),
        content: body.content,
        kind: body.kind,
        reply_to: body.reply_to,
        metadata: body.metadata,
    };
    let ack = send::send(&app, &caller, None, client_id, draft).await?;
    Ok((StatusCode::CREATED, Json(ack)))
}
