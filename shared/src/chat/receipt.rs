//! How far somebody has read: the mark, and telling those whom it concerns.

use crate::Error;
use crate::app::App;
use crate::chat::{passing, resolve};
use crate::frames::{ReadReceipt, ServerFrame};
use crate::identity::Caller;
use crate::ids::{ConnectionId, MessageId, RoomId, RoomRef, Seq, UserId};
use crate::ports::{
    BusError, Delay, Event, PresenceError, PushTopic, PushTurn, Reading, ReceiptDue, RoomsError,
};

/// Everything in a room: the mark stops at its last entry.
const EVERYTHING: Seq = Seq(i64::MAX);

/// Nobody was told.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Rooms(#[from] RoomsError),
}

/// Moves the caller's mark to where the frame says; answers the room and where the mark stands now. The
/// caller has been admitted.
///
/// # Errors
/// `forbidden`, `not_found`; `invalid` for a message that isn't there for the caller.
pub async fn read(
    app: &App,
    caller: &Caller,
    from: &ConnectionId,
    receipt: &ReadReceipt,
) -> Result<(RoomId, Seq), Error> {
    let (room, seq) = place(app, caller, receipt).await?;
    let reading = match mark(app, caller.user, Some(from), room, seq).await {
        // Whether a message of another room exists is nobody's to know.
        Err(RoomsError::NotMember) if names_a_message(receipt) => return Err(no_such_message()),
        reading => reading?,
    };
    Ok((room, reading.membership.read_seq))
}

/// Moves a member's mark forward, never back, and tells those whom it concerns: the members whose messages
/// were read, and the reader's own devices but `from`.
///
/// # Errors
/// `NotMember`; or the store's.
pub async fn mark(
    app: &App,
    user: UserId,
    from: Option<&ConnectionId>,
    room: RoomId,
    seq: Seq,
) -> Result<Reading, RoomsError> {
    let reading = app.rooms.mark_read(room, user, seq).await?;
    let is_new = reading.membership.read_seq > reading.since;
    if is_new
        && is_small(app, &reading)
        && let Err(error) = announce(app, room, user, from, &reading).await
    {
        tracing::warn!(%error, %room, "a receipt that nobody was told");
    }
    Ok(reading)
}

/// Tells the last of several receipts that came too fast.
///
/// # Errors
/// When the store or presence is away.
pub async fn tell_late(app: &App, due: &ReceiptDue) -> Result<(), ReceiptError> {
    let reading = match app.rooms.reading(due.room, due.user, due.since).await {
        // They left meanwhile.
        Err(RoomsError::NotMember) => return Ok(()),
        reading => reading?,
    };
    if is_small(app, &reading) {
        tell(app, due.room, due.user, None, &reading).await?;
    }
    Ok(())
}

fn is_small(app: &App, reading: &Reading) -> bool {
    reading.member_count <= app.config.chat.push_room_max
}

async fn place(app: &App, caller: &Caller, receipt: &ReadReceipt) -> Result<(RoomId, Seq), Error> {
    match receipt {
        ReadReceipt::Message { message, room } => place_of(app, *message, room.as_ref()).await,
        ReadReceipt::Place { target, seq } => {
            let room = resolve::existing(app, caller, target).await?;
            let room = room.ok_or_else(|| Error::not_found("no such room"))?;
            Ok((room.id, seq.unwrap_or(EVERYTHING)))
        }
    }
}

async fn place_of(app: &App, message: MessageId, room: Option<&RoomRef>) -> Result<(RoomId, Seq), Error> {
    let message = app.messages.message(message).await?.ok_or_else(no_such_message)?;
    let is_there = match room {
        None => true,
        Some(RoomRef::Id(room)) => *room == message.room_id,
        Some(name) => app.rooms.find(name).await?.is_some_and(|room| room.id == message.room_id),
    };
    if is_there { Ok((message.room_id, message.seq)) } else { Err(no_such_message()) }
}

fn names_a_message(receipt: &ReadReceipt) -> bool {
    matches!(receipt, ReadReceipt::Message { .. })
}

fn no_such_message() -> Error {
    Error::invalid("message_id", "is not a message of this room")
}

/// At once, or in a second when one was told a moment ago: the last of a burst is always told.
async fn announce(
    app: &App,
    room: RoomId,
    user: UserId,
    from: Option<&ConnectionId>,
    reading: &Reading,
) -> Result<(), ReceiptError> {
    let now = app.clock.now();
    match app.presence.push_turn(user, PushTopic::Read(room), now).await? {
        PushTurn::Now => Ok(tell(app, room, user, from, reading).await?),
        PushTurn::Later => {
            let due = Event::ReceiptDue(ReceiptDue { room, user, since: reading.since });
            Ok(app.bus.publish_after(&[due], Delay::OneSecond, now).await?)
        }
        PushTurn::Never => Ok(()),
    }
}

async fn tell(
    app: &App,
    room: RoomId,
    user: UserId,
    from: Option<&ConnectionId>,
    reading: &Reading,
) -> Result<(), PresenceError> {
    let mut concerned = reading.senders.clone();
    concerned.push(user);
    let mut listeners = app.presence.listeners(&concerned).await?;
    listeners.retain(|listener| Some(&listener.address.connection) != from);
    let (seq, timestamp) = (reading.membership.read_seq, app.clock.now());
    let frame = ServerFrame::ReadReceipt { room_id: room, user_id: user, seq, timestamp };
    passing::tell(app, room, listeners, &frame).await;
    Ok(())
}
