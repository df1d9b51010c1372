use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::UnixMs;
use crate::ids::{MessageId, RoomId, Seq, UserId};

/// Longest preview of a message, in characters: a push has room for 3,993 bytes in all.
pub const PREVIEW_MAX_CHARS: usize = 200;

/// What a push says: one for everything unread of one room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename = "message")]
pub struct PushNotice {
    /// The same when the push is repeated.
    pub id: Uuid,
    pub room_id: RoomId,
    /// None for a direct room: the sender is its name.
    #[schema(required)]
    pub room_name: Option<String>,
    /// Of the last message.
    pub sender_id: UserId,
    pub sender_name: String,
    pub message_id: MessageId,
    pub seq: Seq,
    pub timestamp: UnixMs,
    /// Unread messages of the room.
    pub count: i64,
    /// Unread messages of all rooms.
    pub unread_total: i64,
    /// How the last message begins; only where the operator wants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}
