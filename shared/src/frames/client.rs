use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::resume::Resume;
use crate::contract;
use crate::ids::{CLIENT_ID_MAX_CHARS, ClientMessageId, MessageId, RoomRef, Seq, UserRef};
use crate::model::Status;
use crate::names::{Content, Kind, Metadata};

/// The `id` of a client's frame, which its reply repeats as it came: a string or a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct FrameId(Value);

impl PartialSchema for FrameId {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let text = contract::text(1..=CLIENT_ID_MAX_CHARS, "", "");
        AnyOfBuilder::new()
            .item(text)
            .item(number)
            .description(Some("What makes a repeat known as one."))
            .into()
    }
}

impl ToSchema for FrameId {}

impl FrameId {
    /// The id as it makes a send idempotent.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn client_id(&self) -> Result<ClientMessageId, String> {
        match &self.0 {
            Value::String(text) => ClientMessageId::parse(text),
            other => ClientMessageId::parse(&other.to_string()),
        }
    }
}

impl TryFrom<Value> for FrameId {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        let id = match value {
            Value::String(_) | Value::Number(_) => Self(value),
            _ => return Err("must be a string or a number".to_owned()),
        };
        id.client_id().map(|_| id)
    }
}

impl From<FrameId> for Value {
    fn from(id: FrameId) -> Self {
        id.0
    }
}

/// A frame that says what it should, whichever spelling it came in.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    Message(Draft),
    Edit(EditMessage),
    Recall(RecallMessage),
    Resume(Resume),
    JoinRoom(JoinRoom),
    LeaveRoom(LeaveRoom),
    StatusUpdate(StatusUpdate),
    ReadReceipt(ReadReceipt),
    Typing(Typing),
    Heartbeat,
}

impl ClientFrame {
    /// The frame's type as ours are spelled, for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Edit(_) => "edit",
            Self::Recall(_) => "recall",
            Self::Resume(_) => "resume",
            Self::JoinRoom(_) => "join_room",
            Self::LeaveRoom(_) => "leave_room",
            Self::StatusUpdate(_) => "status_update",
            Self::ReadReceipt(_) => "read_receipt",
            Self::Typing(_) => "typing",
            Self::Heartbeat => "heartbeat",
        }
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Room(RoomRef),
    /// The direct room with this user.
    User(UserRef),
    /// The room if it is one of the sender's, else the direct room with the user.
    RoomElseUser(RoomRef, UserRef),
}

/// A message that a client wants to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub target: Target,
    pub content: Content,
    pub kind: Kind,
    pub reply_to: Option<MessageId>,
    pub metadata: Option<Metadata>,
}

/// A message of one's own says something else from now on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct EditMessage {
    pub message_id: MessageId,
    pub content: Content,
}

/// A message says nothing any more: one's own, or anybody's in a room that one administrates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct RecallMessage {
    pub message_id: MessageId,
}

/// Comes into a public room; one that doesn't exist is made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct JoinRoom {
    pub room_id: RoomRef,
}

/// Goes from a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct LeaveRoom {
    pub room_id: RoomRef,
}

/// What the sender wants to be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub struct StatusUpdate {
    pub status: Status,
}

/// Up to where somebody has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadReceipt {
    /// Up to this message, which names its room.
    Message { message: MessageId, room: Option<RoomRef> },
    /// Up to a place in a room; None: everything.
    Place { target: Target, seq: Option<Seq> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    pub target: Target,
    pub state: TypingState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypingState {
    Typing,
    StopTyping,
}
