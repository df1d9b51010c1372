//! Who is typing: told to whoever listens, never stored.

use crate::Error;
use crate::app::App;
use crate::chat::{audience, blocking, passing, resolve};
use crate::frames::{ServerFrame, Typing, TypingState};
use crate::identity::Caller;
use crate::ids::RoomId;
use crate::model::Room;
use crate::ports::{PushTopic, PushTurn};

/// Tells the others of a room that the caller is typing, or stopped. The caller has been admitted. Nobody is
/// told in a large room, in one that isn't there yet, more than once a second, and while presence is away.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid`.
pub async fn typing(app: &App, caller: &Caller, typing: &Typing) -> Result<(), Error> {
    let Some(room) = resolve::existing(app, caller, &typing.target).await? else { return Ok(()) };
    if room.member_count > app.config.chat.push_room_max || !is_turn(app, caller, room.id, typing.state).await
    {
        return Ok(());
    }
    tell(app, caller, &room, typing.state).await;
    Ok(())
}

async fn is_turn(app: &App, caller: &Caller, room: RoomId, state: TypingState) -> bool {
    let topic = match state {
        TypingState::Typing => PushTopic::Typing(room),
        TypingState::StopTyping => PushTopic::StoppedTyping(room),
    };
    let turn = app.presence.push_turn(caller.user, topic, app.clock.now()).await;
    turn.is_ok_and(|turn| turn == PushTurn::Now)
}

async fn tell(app: &App, caller: &Caller, room: &Room, state: TypingState) {
    let mut listeners = match audience::of_room(app, room.id, room.members_version).await {
        Ok(listeners) => listeners,
        Err(error) => return tracing::warn!(%error, room = %room.id, "nobody was told of typing"),
    };
    blocking::keep_apart(app, caller.user, &mut listeners).await;
    let frame = ServerFrame::Typing { room_id: room.id, user_id: caller.user, name: &caller.name, state };
    passing::tell(app, room.id, listeners, &frame).await;
}
