use async_trait::async_trait;

use super::{Reach, StoreError};
use crate::clock::UnixMs;
use crate::ids::{MessageId, RoomId, Seq, UserId};

/// A push that is due soon: at most one for each user and room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PushClaim {
    pub user: UserId,
    pub room: RoomId,
}

/// Whom `claim` looks for.
#[derive(Debug, Clone, Copy)]
pub struct ClaimScope {
    /// With `webhook` everyone, else those with a device.
    pub reach: Reach,
    /// Rooms of more members are left out.
    pub room_max_members: u32,
    /// Claims made at once.
    pub limit: u32,
}

/// What somebody who is away has not read of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub room_name: Option<String>,
    /// The last message of the room that is by somebody else whom the user doesn't block.
    pub message_id: MessageId,
    pub seq: Seq,
    pub sender_id: UserId,
    pub sender_name: String,
    pub content: String,
    pub timestamp: UnixMs,
    /// In the room, 1 at least.
    pub count: i64,
    /// In all rooms.
    pub total: i64,
}

/// Which pushes are under way. A claim is made by the first message that somebody misses and released by
/// the push, so that the messages between them make no other.
#[async_trait]
pub trait PushPending: Send + Sync {
    /// Claims a push for every member of the rooms of `sent` (with the sender of each message) who hasn't
    /// sent it, doesn't block who has, has something unread and no connection; one statement. Answers those that are new. When it
    /// answers as many as the limit, there may be more.
    async fn claim(
        &self,
        sent: &[(RoomId, UserId)],
        scope: ClaimScope,
        now: UnixMs,
    ) -> Result<Vec<PushClaim>, StoreError>;

    /// From here on the next message makes a claim again.
    async fn release(&self, claim: PushClaim) -> Result<(), StoreError>;

    /// What there is to tell; None when the user is connected, has read all but what those say whom they block,
    /// or left the room.
    async fn unread(&self, claim: PushClaim) -> Result<Option<Unread>, StoreError>;

    /// Takes up to `limit` claims made before `before`, oldest first, and makes them anew at `now`, so that
    /// two sweepers never take the same.
    async fn overdue(&self, before: UnixMs, now: UnixMs, limit: u32) -> Result<Vec<PushClaim>, StoreError>;
}
