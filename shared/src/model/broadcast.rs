use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::ids::BroadcastId;

/// Which frame a broadcast is shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastKind {
    /// A `notification` frame: for people.
    Notification,
    /// A `system` frame: for the application.
    System,
}

/// Whom a broadcast is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastScope {
    All,
    Room,
    User,
}

/// How far a broadcast has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    Running,
    /// Every socket has it, is gone, or was given up.
    Done,
}

/// One frame for many sockets, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Broadcast {
    pub id: BroadcastId,
    #[serde(rename = "message_type")]
    pub kind: BroadcastKind,
    #[serde(rename = "target_type")]
    pub scope: BroadcastScope,
    pub state: BroadcastState,
    /// Found so far; all of them once it is done.
    pub sockets: i64,
    /// Those that took the frame.
    pub posted: i64,
    /// Those that were closed by then.
    pub gone: i64,
    /// The rest: on their way, or given up once it is done.
    pub left: i64,
    pub created_at: UnixMs,
    #[schema(required)]
    pub finished_at: Option<UnixMs>,
}

/// After so long without news a broadcast has come to its end, in milliseconds: more than all its retries take.
/// Whatever it still waits for was lost, as an embedded queue is with its process.
const SILENT_MS: i64 = 10 * 60_000;

/// What the rows of a broadcast say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BroadcastTally {
    pub sockets: i64,
    pub posted: i64,
    pub gone: i64,
    pub given_up: i64,
    /// Of the last step or attempt.
    pub moved_at: UnixMs,
    pub found_all: bool,
}

impl Broadcast {
    /// As it stands at `now`.
    #[must_use]
    pub fn standing(
        (id, kind, scope): (BroadcastId, BroadcastKind, BroadcastScope),
        created_at: UnixMs,
        tally: BroadcastTally,
        now: UnixMs,
    ) -> Self {
        let BroadcastTally { sockets, posted, gone, given_up, moved_at, found_all } = tally;
        let accounted = found_all && posted + gone + given_up >= sockets;
        let is_done = accounted || found_all && now.0 - moved_at.0 > SILENT_MS;
        Self {
            id,
            kind,
            scope,
            state: if is_done { BroadcastState::Done } else { BroadcastState::Running },
            sockets,
            posted,
            gone,
            left: sockets - posted - gone,
            created_at,
            finished_at: is_done.then_some(moved_at),
        }
    }
}
