//! The live path of a message, step by step.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use crate::Error;
use crate::app::App;
use crate::chat::{audience, fanout, resolve};
use crate::frames::{Ack, Draft, OUTGOING_FRAME_MAX_BYTES, Outgoing, ServerFrame};
use crate::identity::Caller;
use crate::ids::{ClientMessageId, ConnectionId, MessageId, RoomId, Seq};
use crate::model::{Listener, Message};
use crate::ports::{Appended, Event, Left, MessageStored, NewMessage};

/// Posts and the publish have this long together; then the queue or the outbox takes over.
pub const BROADCAST_BUDGET: Duration = Duration::from_millis(300);
/// What of it the posts may take, so that the publish has some left.
const POSTS_BUDGET: Duration = Duration::from_millis(200);

/// Stores one message and hands it to everyone in the room but the connection that it came by, which
/// gets the answer. The caller has been admitted.
///
/// # Errors
/// `forbidden`, `not_found`, `conflict`, `too_large`, `invalid`, `unavailable`: nothing was stored.
/// `not_broadcast`: stored while presence is away; the outbox delivers it later.
pub async fn send(
    app: &App,
    caller: &Caller,
    from: Option<&ConnectionId>,
    client_id: ClientMessageId,
    draft: Draft,
) -> Result<Ack, Error> {
    let room = resolve::room(app, caller, &draft.target).await?;
    let mut message = compose(app, caller, room, draft);
    check_size(&message)?;
    let stored = app.messages.append(&row(&message, client_id)).await?;
    settle_on(&mut message, &stored);
    broadcast(app, from, &message, &stored).await?;
    Ok(Ack { message_id: message.message_id, room_id: room, seq: message.seq, timestamp: message.timestamp })
}

/// The message as it would be stored now; `seq` comes with the commit.
fn compose(app: &App, caller: &Caller, room: RoomId, draft: Draft) -> Message {
    Message {
        message_id: MessageId::fresh(),
        room_id: room,
        seq: Seq(i64::MAX),
        sender_id: caller.user,
        sender_name: caller.name.clone(),
        kind: draft.kind.into_string(),
        content: draft.content.into_string(),
        reply_to: draft.reply_to,
        metadata: draft.metadata.map(crate::names::Metadata::into_value),
        timestamp: app.clock.now(),
    }
}

/// JSON may need six bytes for one of text, so only long messages have to be measured.
fn check_size(message: &Message) -> Result<(), Error> {
    const REST: usize = 10 * 1024;
    if message.content.len() * 6 + REST < OUTGOING_FRAME_MAX_BYTES {
        return Ok(());
    }
    let size = Outgoing::new(&ServerFrame::Message(message)).len();
    if size <= OUTGOING_FRAME_MAX_BYTES {
        return Ok(());
    }
    let most = OUTGOING_FRAME_MAX_BYTES;
    Err(Error::too_large("content", format!("makes a frame of {size} bytes, {most} at most")))
}

fn row(message: &Message, client_id: ClientMessageId) -> NewMessage {
    NewMessage {
        id: message.message_id,
        room: message.room_id,
        sender: message.sender_id,
        client_id,
        digest: digest(message),
        kind: message.kind.clone(),
        content: message.content.clone(),
        reply_to: message.reply_to,
        metadata: message.metadata.clone(),
        now: message.timestamp,
    }
}

/// Of everything that the client chose: the same id with another of these is a conflict.
fn digest(message: &Message) -> [u8; 32] {
    let body = (&message.kind, &message.content, message.reply_to, &message.metadata);
    Sha256::digest(serde_json::to_vec(&body).unwrap_or_default()).into()
}

/// A repeat is the message that was stored the first time.
fn settle_on(message: &mut Message, stored: &Appended) {
    message.message_id = stored.message_id;
    message.seq = stored.seq;
    message.timestamp = stored.timestamp;
    message.sender_name.clone_from(&stored.sender_name);
}

/// Delivers what was just committed, or what an earlier try committed and nobody has settled.
async fn broadcast(
    app: &App,
    from: Option<&ConnectionId>,
    message: &Message,
    stored: &Appended,
) -> Result<(), Error> {
    let Some(outbox) = stored.outbox else { return Ok(()) };
    let deadline = Instant::now() + BROADCAST_BUDGET;
    // Read after the commit: whoever registers later finds the message by `resume`.
    let listeners = audience::of_room(app, message.room_id, stored.members_version).await;
    let (left, gone, unknown) = match listeners {
        Ok(listeners) => {
            let (left, gone) = deliver(app, from, message, listeners).await;
            (left, gone, None)
        }
        Err(error) => (Left::Everyone, Vec::new(), Some(error)),
    };
    let event = Event::MessageStored(MessageStored { outbox, message: message.clone(), left, gone });
    publish(app, event, deadline).await;
    let Some(error) = unknown else { return Ok(()) };
    tracing::warn!(%error, room = %message.room_id, "stored, not broadcast");
    Err(Error::not_broadcast(message.message_id, message.room_id, message.seq))
}

async fn deliver(
    app: &App,
    from: Option<&ConnectionId>,
    message: &Message,
    mut listeners: Vec<Listener>,
) -> (Left, Vec<Listener>) {
    let frame = Outgoing::new(&ServerFrame::Message(message));
    listeners.retain(|listener| Some(&listener.address.connection) != from);
    let posted = fanout::spread(app, message.room_id, listeners, &frame, POSTS_BUDGET).await;
    let (gone, left) = (posted.gone.clone(), posted.unfinished());
    (if left.is_empty() { Left::Nobody } else { Left::These(left) }, gone)
}

/// A publish that fails is no error: the outbox row stays open and is swept.
async fn publish(app: &App, event: Event, deadline: Instant) {
    let published = timeout_at(deadline, app.bus.publish(&[event], app.clock.now())).await;
    match published {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "left to the outbox"),
        Err(_) => tracing::warn!("left to the outbox: the budget is spent"),
    }
}
