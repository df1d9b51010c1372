use async_trait::async_trait;

use super::{Registration, StoreError};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, Listener};

/// A socket that opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedConnection {
    pub user: UserId,
    pub address: Address,
    /// The client's name for itself (`client_id`).
    pub device: Option<String>,
    /// Of the account when the token that opened it was checked.
    pub token_version: i64,
    /// When to tell it to open its successor. Of a connection that is opened again the first one counts.
    pub reconnect_at: UnixMs,
}

/// After so long those are due again who were due and, for all the log knows, not told: in milliseconds.
pub const RECONNECT_AGAIN_MS: i64 = 45_000;

/// A socket as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedConnection {
    pub address: Address,
    /// Opened under a token that was revoked since.
    pub revoked: bool,
}

/// The `connections` rows: what presence is rebuilt from when Redis comes back empty. Written without
/// waiting for the disk: a row that a crash loses is found by the next frame of its connection.
#[async_trait]
pub trait ConnectionLog: Send + Sync {
    /// Writes the row (again without harm) and answers the user's rooms. None, and nothing is written,
    /// when the user isn't there or their tokens were revoked since `token_version`: whoever revokes and
    /// then reads the log misses no socket that was let in before.
    async fn opened(&self, connection: &OpenedConnection) -> Result<Option<Vec<RoomId>>, StoreError>;

    /// Removes the row; answers whose it was and their rooms, None when there was none.
    async fn closed(&self, connection: &ConnectionId) -> Result<Option<(UserId, Vec<RoomId>)>, StoreError>;

    /// Every connection of a user, revoked ones as well.
    async fn of_user(&self, user: UserId) -> Result<Vec<LoggedConnection>, StoreError>;

    /// Up to `limit` connections that outlived a revocation at `since` or later, earliest revoked first.
    async fn revoked(&self, since: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError>;

    /// Every connection of these users, but for revoked ones: those that may be posted to.
    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError>;

    /// Up to `limit` connections by their ids, from the one after `after` on, but for revoked ones, each with
    /// when its user was last heard as far as it was noted, or when it connected if that is later: what
    /// presence is rebuilt from, page by page.
    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(Registration, UnixMs)>, StoreError>;

    /// Those of these connections whose rows are there and not revoked.
    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError>;

    /// Takes up to `limit` connections that are due to be told to open their successors, earliest first, and
    /// makes them due again [`RECONNECT_AGAIN_MS`] later, so that two never tell the same one at once.
    async fn reconnect_due(&self, now: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError>;

    /// Notes that these were told: they are due no more.
    async fn reconnect_told(&self, connections: &[ConnectionId]) -> Result<(), StoreError>;

    /// Up to `limit` connections opened before `cutoff`, oldest first.
    async fn opened_before(&self, cutoff: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError>;

    /// Up to `limit` connections of `endpoint`, oldest first: what a runner that restarts has to forget.
    async fn of_endpoint(&self, endpoint: &str, limit: u32) -> Result<Vec<Listener>, StoreError>;
}
