use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::ReplyId;
use crate::model::{CannedReply, Listing, Page};

#[derive(Debug, thiserror::Error)]
pub enum RepliesError {
    #[error("no such reply")]
    NotFound,
    /// Unique within a team.
    #[error("the shortcut is taken")]
    ShortcutTaken,
    #[error("{0} replies at most")]
    Full(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Texts that staff keep ready.
#[async_trait]
pub trait CannedReplies: Send + Sync {
    /// # Errors
    /// `ShortcutTaken`, `Full`.
    async fn add_reply(
        &self,
        team: &str,
        shortcut: &str,
        content: &str,
        most: u32,
        now: UnixMs,
    ) -> Result<CannedReply, RepliesError>;

    /// # Errors
    /// `NotFound`, `ShortcutTaken`.
    async fn change_reply(
        &self,
        id: ReplyId,
        shortcut: Option<&str>,
        content: Option<&str>,
    ) -> Result<CannedReply, RepliesError>;

    /// # Errors
    /// `NotFound`.
    async fn remove_reply(&self, id: ReplyId) -> Result<(), RepliesError>;

    /// Those of a team and those of every team, by shortcut.
    async fn replies(&self, team: &str, page: Page) -> Result<Listing<CannedReply>, StoreError>;
}
