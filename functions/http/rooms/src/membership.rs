use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::chat::members;
use shared::contract::Conflict;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::{RoomId, RoomRef, Seq};
use shared::ports::Change;
use utoipa::ToSchema;

/// Where the room stands: what a client resumes from.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing {
    room_id: RoomId,
    last_seq: Seq,
}

impl From<Change> for Standing {
    fn from(change: Change) -> Self {
        Self { room_id: change.room, last_seq: change.last_seq }
    }
}

/// `POST /api/v1/rooms/{room}/join`: joins a public room; a name that nobody has is made. The user joins, not
/// one device, so a `client_id` is of no account.
///
/// # Errors
/// `forbidden` (a private room), `not_found` (an id), `conflict` (full).
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/join", params(("room" = RoomRef, Path)),
    responses((status = 200, description = "Where the room stands.", body = Standing), Conflict),
)]
pub(crate) async fn join(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
) -> Result<Json<Standing>, Error> {
    Ok(Json(members::join(&app, &caller, &room).await?.into()))
}

/// `POST /api/v1/rooms/{room}/leave`: leaves a room.
///
/// # Errors
/// `forbidden` (not in it, a direct room), `not_found`.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/leave", params(("room" = RoomRef, Path)),
    responses((status = 200, description = "Where the room stood.", body = Standing)),
)]
pub(crate) async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
) -> Result<Json<Standing>, Error> {
    Ok(Json(members::leave(&app, &caller, &room).await?.into()))
}
