use async_trait::async_trait;

use super::StoreError;
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
}

/// The `connections` rows: what presence is rebuilt from when Redis comes back empty. Written without
/// waiting for the disk: a row that a crash loses is found by the next frame of its connection.
#[async_trait]
pub trait ConnectionLog: Send + Sync {
    /// Writes the row (again without harm) and answers the user's rooms.
    async fn opened(&self, connection: &OpenedConnection) -> Result<Vec<RoomId>, StoreError>;

    /// Removes the row; answers whose it was and their rooms, None when there was none.
    async fn closed(&self, connection: &ConnectionId) -> Result<Option<(UserId, Vec<RoomId>)>, StoreError>;

    /// Every connection of these users.
    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError>;

    /// Up to `limit` connections by their ids, from the one after `after` on, each with the rooms of its
    /// user: what presence is rebuilt from, page by page.
    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(OpenedConnection, Vec<RoomId>)>, StoreError>;

    /// Those of these connections whose rows are there.
    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError>;

    /// Up to `limit` connections opened before `cutoff`, oldest first.
    async fn opened_before(&self, cutoff: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError>;

    /// Up to `limit` connections of `endpoint`, oldest first: what a runner that restarts has to forget.
    async fn of_endpoint(&self, endpoint: &str, limit: u32) -> Result<Vec<Listener>, StoreError>;
}
