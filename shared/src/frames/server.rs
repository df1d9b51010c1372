use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::client::{FrameId, TypingState};
use super::resume::Resumed;
use crate::clock::UnixMs;
use crate::error::{Code, Error, Stored};
use crate::ids::{BroadcastId, MessageId, RoomId, Seq, SessionId, UserId};
use crate::model::{
    ClosedBy, Edited, Entry, Message, QueuePlace, Recalled, Session, SessionState, Status, User,
};
use crate::ports::SessionStep;

/// What the server sends. Frames are told apart by `type`, and replies by the title that the frame of the client names
/// in [`super::SPELLINGS`].
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// Somebody, or another device of one's own, said something.
    #[schema(title = "message")]
    Message(&'a Message),
    /// The message of `target_seq` says something else.
    #[schema(title = "edited")]
    Edited(&'a Edited),
    /// The message of `target_seq` was taken back by `sender_id`.
    #[schema(title = "recalled")]
    Recalled(&'a Recalled),
    /// The message, edit or recall is stored: never before.
    #[schema(title = "ack")]
    Ack {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        #[serde(flatten)]
        ack: Ack,
    },
    /// A room was joined or left.
    #[serde(rename = "ack")]
    #[schema(title = "ack.room")]
    RoomAck {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        room_id: RoomId,
        last_seq: Seq,
    },
    /// A status was chosen.
    #[serde(rename = "ack")]
    #[schema(title = "ack.status")]
    StatusAck {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        status: Status,
    },
    /// Somebody whom one shares a room with came, went or chose another status.
    #[schema(title = "status_update")]
    StatusUpdate {
        user_id: UserId,
        status: Status,
        /// When they were heard last; null: never.
        #[schema(required)]
        last_seen: Option<UnixMs>,
    },
    /// What came while the client was away; 100 KiB at most.
    #[schema(title = "resumed")]
    Resumed {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        #[serde(flatten)]
        resumed: Resumed,
    },
    /// A mark was moved, or stood further already.
    #[serde(rename = "ack")]
    #[schema(title = "ack.read")]
    ReadAck {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        room_id: RoomId,
        /// Where it stands now.
        seq: Seq,
    },
    /// Somebody has read messages of one's own up to here, or oneself has on another device.
    #[schema(title = "read_receipt")]
    ReadReceipt { room_id: RoomId, user_id: UserId, seq: Seq, timestamp: UnixMs },
    /// Somebody else is typing, or stopped.
    #[schema(title = "typing")]
    Typing { room_id: RoomId, user_id: UserId, name: &'a str, state: TypingState },
    /// A frame was refused.
    #[schema(title = "error")]
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        code: Code,
        /// One sentence; of a field that is wrong it begins with its path.
        message: String,
        /// After so many milliseconds the same frame may succeed.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// Until when the sender is banned.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<UnixMs>,
        #[serde(flatten)]
        #[schema(value_type = StoredIfAny)]
        stored: Option<Box<Stored>>,
    },
    /// The answer to a heartbeat.
    #[schema(title = "heartbeat")]
    Heartbeat {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<FrameId>,
        content: &'static str,
        /// How often the server would like to hear one, in milliseconds.
        interval_ms: u64,
        timestamp: UnixMs,
    },
    /// Somebody broadcast it to people.
    #[schema(title = "notification")]
    Notification { broadcast_id: BroadcastId, data: Value, timestamp: UnixMs },
    /// How a session stands, after something became of it.
    #[schema(title = "assignment")]
    Assignment(Assignment),
    /// Where a visitor stands in the queue.
    #[schema(title = "queue_position")]
    QueuePosition(QueuePlace),
    /// Something became of a room, a session or the socket itself: `event` says what.
    #[schema(title = "system")]
    System {
        #[serde(flatten)]
        event: SystemEvent,
        timestamp: UnixMs,
    },
}

/// With `not_broadcast`: where it was stored nevertheless.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes `Option<Stored>`, whose fields are there or not")]
struct StoredIfAny {
    message_id: Option<MessageId>,
    room_id: Option<RoomId>,
    seq: Option<Seq>,
    persisted: Option<bool>,
}

impl<'a> From<&'a Entry> for ServerFrame<'a> {
    fn from(entry: &'a Entry) -> Self {
        match entry {
            Entry::Message(entry) => Self::Message(entry),
            Entry::Edited(entry) => Self::Edited(entry),
            Entry::Recalled(entry) => Self::Recalled(entry),
        }
    }
}

/// The answer to a message, an edit or a recall: where it stands in its room's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ack {
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub seq: Seq,
    pub timestamp: UnixMs,
}

impl Ack {
    /// Of an entry: its place and time, and the message that it is or changes.
    #[must_use]
    pub const fn of(entry: &Entry) -> Self {
        Self {
            message_id: entry.message_id(),
            room_id: entry.room_id(),
            seq: entry.seq(),
            timestamp: entry.timestamp(),
        }
    }
}

/// A session as its visitor and those who serve it are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assignment {
    pub session_id: SessionId,
    pub room_id: RoomId,
    pub state: SessionState,
    /// Empty: the one desk.
    pub team: String,
    /// Who serves it; of a closed one, who served it last.
    #[schema(required)]
    pub staff: Option<Person>,
    pub visitor: Person,
    /// What became of it. Steps may come late or twice: the rest says how it stands now.
    pub step: SessionStep,
}

/// Somebody, as strangers are told of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    pub id: UserId,
    pub nickname: String,
}

impl Assignment {
    #[must_use]
    pub fn of(session: &Session, step: SessionStep) -> Self {
        Self {
            session_id: session.id,
            room_id: session.room_id,
            state: session.state,
            team: session.team.clone(),
            staff: session.staff.as_ref().map(Person::of),
            visitor: Person::of(&session.visitor),
            step,
        }
    }
}

impl Person {
    fn of(user: &User) -> Self {
        Self { id: user.id, nickname: user.nickname.clone() }
    }
}

/// What `system` frames tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemEvent {
    /// `users` names the first of them, `count` says how many came.
    #[schema(title = "member_joined")]
    MemberJoined { room_id: RoomId, users: Vec<User>, count: usize },
    /// `users` names the first of them, `count` says how many went.
    #[schema(title = "member_left")]
    MemberLeft { room_id: RoomId, users: Vec<User>, count: usize },
    /// A room has another name or description.
    #[schema(title = "room_changed")]
    RoomChanged {
        room_id: RoomId,
        #[schema(required)]
        name: Option<String>,
        description: String,
    },
    /// Nobody can say anything in its room any more.
    #[schema(title = "session_closed")]
    SessionClosed { session_id: SessionId, room_id: RoomId, by: ClosedBy },
    /// A room is gone.
    #[schema(title = "room_deleted")]
    RoomDeleted { room_id: RoomId },
    /// Somebody broadcast it to applications.
    #[schema(title = "broadcast")]
    Broadcast { broadcast_id: BroadcastId, data: Value },
    /// The socket is about to be closed. `reconnect`: whether the token still opens another.
    #[schema(title = "kicked")]
    Kicked { reason: String, reconnect: bool },
    /// The gateway will end the socket before long: open the next one within so many seconds, at a moment
    /// of the client's choosing, and close this one then.
    #[schema(title = "reconnect")]
    Reconnect { reason: String, reconnect: bool, within_s: u32 },
}

/// A frame serialised once, however many connections it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing(Bytes);

impl Outgoing {
    #[must_use]
    pub fn new(frame: &ServerFrame<'_>) -> Self {
        // Our own types: strings, numbers and maps with string keys always serialise.
        Self(serde_json::to_vec(frame).unwrap_or_default().into())
    }

    /// A frame that was serialised before.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(Bytes::from(text))
    }

    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the frame.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// The `error` frame that answers the frame `id`.
#[must_use]
pub fn error_frame(id: Option<FrameId>, error: Error) -> ServerFrame<'static> {
    ServerFrame::Error {
        id,
        code: error.code,
        message: error.message,
        retry_after_ms: error.retry_after_ms,
        until: error.until,
        stored: error.stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(frame: &ServerFrame<'_>) -> serde_json::Value {
        serde_json::from_slice(&Outgoing::new(frame).bytes()).unwrap()
    }

    #[test]
    fn an_error_frame_has_only_what_there_is_to_say() {
        let frame = json(&error_frame(None, Error::invalid("content", "must not be empty")));
        assert_eq!(
            frame,
            serde_json::json!({"type":"error","code":"invalid","message":"content: must not be empty"})
        );
        let message_id = MessageId::fresh();
        let frame = json(&error_frame(None, Error::not_broadcast(message_id, RoomId(1), Seq(9))));
        assert_eq!(frame["persisted"], true);
        assert_eq!(frame["seq"], 9);
        assert_eq!(frame["message_id"], message_id.to_string());
    }

    #[test]
    fn acks_are_of_one_type_on_the_wire() {
        let joined = json(&ServerFrame::RoomAck { id: None, room_id: RoomId(3), last_seq: Seq(4) });
        assert_eq!(joined, serde_json::json!({"type":"ack","room_id":3,"last_seq":4}));
    }
}
