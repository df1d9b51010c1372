use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Message;
use crate::clock::UnixMs;
use crate::ids::{MessageId, RoomId, Seq, UserId};

/// An entry of a room's log: what is stored, announced and delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    Message(Message),
    Edited(Edited),
    Recalled(Recalled),
}

/// A message has other content from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Edited {
    /// Of the message that was edited; `target_seq` is its place, `seq` that of the edit.
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub seq: Seq,
    pub target_seq: Seq,
    pub sender_id: UserId,
    pub sender_name: String,
    /// What the message says now; empty when it was recalled since.
    pub content: String,
    pub timestamp: UnixMs,
}

/// A message was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recalled {
    /// Of the message that was recalled; `target_seq` is its place, `seq` that of the recall.
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub seq: Seq,
    pub target_seq: Seq,
    /// Who took it back: its sender, or an admin of the room.
    pub sender_id: UserId,
    pub sender_name: String,
    pub timestamp: UnixMs,
}

impl Entry {
    #[must_use]
    pub const fn room_id(&self) -> RoomId {
        match self {
            Self::Message(entry) => entry.room_id,
            Self::Edited(entry) => entry.room_id,
            Self::Recalled(entry) => entry.room_id,
        }
    }

    /// The entry's own place in the log.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        match self {
            Self::Message(entry) => entry.seq,
            Self::Edited(entry) => entry.seq,
            Self::Recalled(entry) => entry.seq,
        }
    }

    /// The message that the entry is, or that it changes.
    #[must_use]
    pub const fn message_id(&self) -> MessageId {
        match self {
            Self::Message(entry) => entry.message_id,
            Self::Edited(entry) => entry.message_id,
            Self::Recalled(entry) => entry.message_id,
        }
    }

    /// When it was stored.
    #[must_use]
    pub const fn timestamp(&self) -> UnixMs {
        match self {
            Self::Message(entry) => entry.timestamp,
            Self::Edited(entry) => entry.timestamp,
            Self::Recalled(entry) => entry.timestamp,
        }
    }
}
