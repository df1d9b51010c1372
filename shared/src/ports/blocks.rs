use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Blocked, Listing, Page};

#[derive(Debug, thiserror::Error)]
pub enum BlocksError {
    /// One of the two isn't there.
    #[error("no such user")]
    NoUser,
    #[error("{0} blocks at most")]
    Full(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whom users want nothing from. What a block keeps from being written to the pair's own room is decided
/// where that is written (`Messages::append`, `Messages::revise`, `Rooms::direct`), and whom a block keeps from
/// being told where those are looked for (`Rooms::mark_read`, `Statuses::contacts`, `PushPending`); the rest
/// asks here.
#[async_trait]
pub trait Blocks: Send + Sync {
    /// Blocks another user; again without harm, also when the list is full.
    ///
    /// # Errors
    /// `Full` beyond `max` blocks of the user, `NoUser`; nothing is written then.
    async fn block(&self, blocker: UserId, blocked: UserId, max: u32, now: UnixMs)
    -> Result<(), BlocksError>;

    /// Takes a block back; that there was none is no error.
    async fn unblock(&self, blocker: UserId, blocked: UserId) -> Result<(), StoreError>;

    /// Whom the user blocks, the newest first.
    async fn blocked_by(&self, blocker: UserId, page: Page) -> Result<Listing<Blocked>, StoreError>;

    /// Whether one of these blocks the user.
    async fn any_blocks(&self, blockers: &[UserId], blocked: UserId) -> Result<bool, StoreError>;

    /// Those of `others` who block the user or are blocked by them, in any order.
    async fn apart(&self, user: UserId, others: &[UserId]) -> Result<Vec<UserId>, StoreError>;
}
