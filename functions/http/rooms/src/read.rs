use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action, Seat};
use shared::chat::receipt;
use shared::http::{At, Body, place};
use shared::identity::Caller;
use shared::ids::{MessageId, RoomId, RoomRef, Seq};
use utoipa::ToSchema;

/// Up to where; with neither, everything.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ReadMark)]
pub(crate) struct Mark {
    seq: Option<Seq>,
    message_id: Option<MessageId>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Reading {
    room_id: RoomId,
    read_seq: Seq,
    unread_count: i64,
}

/// `POST /api/v1/rooms/{room}/read`: moves the caller's mark forward, never back.
///
/// # Errors
/// `forbidden` (not in it); `invalid` for a message of another room.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/read",
    params(("room" = RoomRef, Path)),
    request_body = Option<Mark>,
    responses((status = 200, description = "Where the mark is then.", body = Reading)),
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(room): At<RoomRef>,
    body: Option<Body<Mark>>,
) -> Result<Json<Reading>, Error> {
    let Seat { room, .. } = access::seat(&app, &caller, &room, Action::Read).await?;
    let mark = body.map(|Body(mark)| mark).unwrap_or_default();
    let seq = mark.seq(&app, room.id).await?.unwrap_or(room.last_seq);
    receipt::mark(&app, caller.user, None, room.id, seq).await?;
    let summary = app.rooms.summary(room.id, caller.user).await?;
    let summary = summary.ok_or_else(|| Error::not_found("no such room"))?;
    Ok(Json(Reading { room_id: room.id, read_seq: summary.read_seq, unread_count: summary.unread_count }))
}

impl Mark {
    async fn seq(&self, app: &App, room: RoomId) -> Result<Option<Seq>, Error> {
        match (place("seq", self.seq)?, self.message_id) {
            (seq, None) => Ok(seq),
            (None, Some(message)) => seq_of(app, room, message).await.map(Some),
            (Some(_), Some(_)) => Err(Error::invalid("message_id", "can't stand beside seq")),
        }
    }
}

async fn seq_of(app: &App, room: RoomId, message: MessageId) -> Result<Seq, Error> {
    let message = app.messages.message(message).await?.filter(|message| message.room_id == room);
    let message = message.ok_or_else(|| Error::invalid("message_id", "is not a message of this room"))?;
    Ok(message.seq)
}
