use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{BroadcastStep, Event, StoreError};
use crate::clock::UnixMs;
use crate::ids::{BroadcastId, ConnectionId, RoomId, UserId};
use crate::model::{Broadcast, BroadcastKind, BroadcastScope};

/// Whom a broadcast is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroadcastTarget {
    /// Every socket.
    All,
    /// Those of a room's members.
    Room(RoomId),
    /// Those of one user.
    User(UserId),
}

impl BroadcastTarget {
    #[must_use]
    pub const fn scope(self) -> BroadcastScope {
        match self {
            Self::All => BroadcastScope::All,
            Self::Room(_) => BroadcastScope::Room,
            Self::User(_) => BroadcastScope::User,
        }
    }

    /// Of the room or the user.
    #[must_use]
    pub const fn id(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::Room(room) => Some(room.0),
            Self::User(user) => Some(user.0),
        }
    }

    /// As its scope and id were stored.
    #[must_use]
    pub fn of(scope: BroadcastScope, id: Option<i64>) -> Self {
        let id = id.unwrap_or_default();
        match scope {
            BroadcastScope::All => Self::All,
            BroadcastScope::Room => Self::Room(RoomId(id)),
            BroadcastScope::User => Self::User(UserId(id)),
        }
    }
}

/// A broadcast to be begun.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBroadcast {
    pub id: BroadcastId,
    pub kind: BroadcastKind,
    pub target: BroadcastTarget,
    /// An object.
    pub data: Value,
    pub created_by: UserId,
    /// The same id with another digest is a conflict.
    pub digest: [u8; 32],
}

impl NewBroadcast {
    /// Of everything that whoever broadcasts chose.
    #[must_use]
    pub fn digest_of(kind: BroadcastKind, target: BroadcastTarget, data: &Value) -> [u8; 32] {
        let body = (kind, target.scope(), target.id(), data);
        Sha256::digest(serde_json::to_vec(&body).unwrap_or_default()).into()
    }

    /// What its outbox row holds.
    #[must_use]
    pub const fn first_step(&self) -> Event {
        Event::BroadcastStep(BroadcastStep { broadcast: self.id, step: 0 })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BroadcastsError {
    /// The id was used for another broadcast.
    #[error("the id was used for another broadcast")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What whoever takes a broadcast's next step has to know.
#[derive(Debug, Clone, PartialEq)]
pub struct BroadcastWork {
    pub kind: BroadcastKind,
    pub target: BroadcastTarget,
    pub data: Value,
    pub created_at: UnixMs,
    /// Steps taken so far.
    pub steps: u32,
    /// The last connection of the last of them.
    pub after: Option<ConnectionId>,
    /// When it was taken.
    pub moved_at: UnixMs,
    /// Whether every socket was found.
    pub found_all: bool,
}

/// A step that was taken: the sockets that it found.
#[derive(Debug, Clone, PartialEq)]
pub struct BroadcastStepTaken {
    pub broadcast: BroadcastId,
    /// Counted from 0.
    pub step: u32,
    /// The last connection that it found.
    pub after: Option<ConnectionId>,
    /// Each chunk that it published, with how many sockets it is for.
    pub chunks: Vec<(Uuid, u32)>,
    /// Whether there are no more to be found.
    pub is_last: bool,
}

/// Which message of a fan-out queue, of which broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BroadcastChunk {
    pub broadcast: BroadcastId,
    pub chunk: Uuid,
}

/// What became of it in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChunkTally {
    pub posted: u32,
    pub gone: u32,
    /// Not reached, and handed on to the next attempt.
    pub handed_on: u32,
    /// Not reached after the last attempt.
    pub given_up: u32,
}

/// One frame for many sockets: begun by a row, which the steps that find them move on, and followed by what became
/// of each chunk.
#[async_trait]
pub trait Broadcasts: Send + Sync {
    /// Keeps a broadcast, with an outbox row for its first step that stays open until the last one is taken. A repeat
    /// changes nothing; answers whether it was begun now.
    ///
    /// # Errors
    /// `Conflict`.
    async fn start_broadcast(&self, new: &NewBroadcast, now: UnixMs) -> Result<bool, BroadcastsError>;

    /// How far it has come by now.
    async fn broadcast(&self, id: BroadcastId, now: UnixMs) -> Result<Option<Broadcast>, StoreError>;

    /// What is needed to take its next step.
    async fn broadcast_work(&self, id: BroadcastId) -> Result<Option<BroadcastWork>, StoreError>;

    /// Writes down a step; the last one settles the outbox row. Answers false, and writes nothing, when it was taken
    /// by somebody else meanwhile: the chunks of this one then don't count.
    async fn note_step(&self, taken: &BroadcastStepTaken, now: UnixMs) -> Result<bool, StoreError>;

    /// Whether that attempt at a chunk was made, so that a repeat posts nothing twice.
    async fn chunk_noted(&self, chunk: BroadcastChunk, attempt: u8) -> Result<bool, StoreError>;

    /// Writes down an attempt; one that is made again counts once.
    async fn note_chunk(
        &self,
        chunk: BroadcastChunk,
        attempt: u8,
        tally: ChunkTally,
        now: UnixMs,
    ) -> Result<(), StoreError>;

    /// Removes up to `limit` broadcasts from before `before`; answers how many.
    async fn expire_broadcasts(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError>;
}
