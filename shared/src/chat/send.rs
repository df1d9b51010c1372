//! The live path of a message, step by step.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::Error;
use crate::app::App;
use crate::chat::review::{Verdict, review};
use crate::chat::{audience, fanout, outbox, resolve};
use crate::frames::{Ack, Draft, OUTGOING_FRAME_MAX_BYTES, Outgoing, ServerFrame};
use crate::identity::Caller;
use crate::ids::{ClientMessageId, ConnectionId, MessageId, OutboxId, RoomId, Seq};
use crate::model::{Entry, Listener, Message};
use crate::moderation::Submission;
use crate::ports::{Appended, Left, MessageStored, NewMessage, Unposted};
use crate::telemetry::Metric;

/// Posts and the publish have this long together; then the queue or the outbox takes over.
pub const BROADCAST_BUDGET: Duration = Duration::from_millis(300);
/// What of it the posts may take, so that the publish has some left.
const POSTS_BUDGET: Duration = Duration::from_millis(200);

/// Stores one message and hands it to everyone in the room but the connection that it came by, which
/// gets the answer. The caller has been admitted.
///
/// # Errors
/// `forbidden`, `not_found`, `conflict`, `too_large`, `invalid`, `rejected`, `unavailable`: nothing was stored.
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
    // Of the message as sent: a repeat of one that is masked is a repeat.
    let digest = digest(&message);
    let verdict = moderate(app, &mut message).await?;
    check_size(&message.content, &ServerFrame::Message(&message))?;
    let stored = app.messages.append(&row(&message, client_id, digest)).await?;
    Metric::MessagesStored.add(u64::from(!stored.repeated));
    verdict.note(app, stored.message_id).await;
    settle_on(&mut message, &stored);
    let Appended { outbox, members_version, .. } = stored;
    broadcast(app, from, Entry::Message(message), Committed { outbox, members_version }).await
}

/// The message as it would be stored now; `seq` comes with the commit.
fn compose(app: &App, caller: &Caller, room: RoomId, draft: Draft) -> Message {
    let now = app.clock.now();
    Message {
        message_id: MessageId::at(now),
        room_id: room,
        seq: Seq(i64::MAX),
        sender_id: caller.user,
        sender_name: caller.name.clone(),
        kind: draft.kind.into_string(),
        content: draft.content.into_string(),
        reply_to: draft.reply_to,
        metadata: draft.metadata.map(crate::names::Metadata::into_value),
        timestamp: now,
        edited_at: None,
        recalled: false,
    }
}

/// JSON may need six bytes for one of text, so only long messages have to be measured.
pub(super) fn check_size(content: &str, frame: &ServerFrame<'_>) -> Result<(), Error> {
    const REST: usize = 10 * 1024;
    if content.len() * 6 + REST < OUTGOING_FRAME_MAX_BYTES {
        return Ok(());
    }
    let size = Outgoing::new(frame).len();
    if size <= OUTGOING_FRAME_MAX_BYTES {
        return Ok(());
    }
    let most = OUTGOING_FRAME_MAX_BYTES;
    Err(Error::too_large("content", format!("makes a frame of {size} bytes, {most} at most")))
}

async fn moderate(app: &App, message: &mut Message) -> Result<Verdict, Error> {
    let Message { sender_id: sender, room_id, kind, content, .. } = &*message;
    let submission = Submission { sender: *sender, room: Some(*room_id), kind, content };
    let (masked, verdict) = review(app, submission).await?;
    message.content = masked.unwrap_or_else(|| std::mem::take(&mut message.content));
    Ok(verdict)
}

fn row(message: &Message, client_id: ClientMessageId, digest: [u8; 32]) -> NewMessage {
    NewMessage {
        id: message.message_id,
        room: message.room_id,
        sender: message.sender_id,
        client_id,
        digest,
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

/// What a commit says of who has to hear of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Committed {
    /// None for a repeat that is settled: there is nobody left to tell.
    pub(super) outbox: Option<OutboxId>,
    pub(super) members_version: i64,
}

/// Delivers an entry that was just committed, or that an earlier try committed and nobody has settled.
pub(super) async fn broadcast(
    app: &App,
    from: Option<&ConnectionId>,
    entry: Entry,
    committed: Committed,
) -> Result<Ack, Error> {
    let ack = Ack::of(&entry);
    let Some(outbox) = committed.outbox else { return Ok(ack) };
    let deadline = Instant::now() + BROADCAST_BUDGET;
    // Read after the commit: whoever registers later finds the message by `resume`.
    let listeners = audience::of_room(app, ack.room_id, committed.members_version).await;
    let (unposted, unknown) = match listeners {
        Ok(listeners) => (deliver(app, from, &entry, listeners).await, None),
        Err(error) => (Unposted::everyone(), Some(error)),
    };
    outbox::publish_or_note(app, MessageStored { outbox, entry, unposted }, deadline).await;
    let Some(error) = unknown else { return Ok(ack) };
    tracing::warn!(%error, room = %ack.room_id, "stored, not broadcast");
    Err(Error::not_broadcast(ack.message_id, ack.room_id, ack.seq))
}

async fn deliver(
    app: &App,
    from: Option<&ConnectionId>,
    entry: &Entry,
    mut listeners: Vec<Listener>,
) -> Unposted {
    let frame = Outgoing::new(&entry.into());
    listeners.retain(|listener| Some(&listener.address.connection) != from);
    Metric::Recipients.record(listeners.len() as f64);
    let posted = fanout::spread(app, entry.room_id(), listeners, &frame, POSTS_BUDGET).await;
    if posted.taken > 0 {
        fanout::note_time(app, entry.timestamp());
    }
    let (gone, left) = (posted.gone.clone(), posted.unfinished());
    Unposted { left: if left.is_empty() { Left::Nobody } else { Left::These(left) }, gone }
}
