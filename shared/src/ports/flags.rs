use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::MessageId;
use crate::model::{Listed, Listing, Message, Page};

/// A message that people are to look at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Flagged {
    #[serde(flatten)]
    pub message: Message,
    pub flagged_at: UnixMs,
}

impl Listed for Flagged {
    const LIST: &str = "messages";
}

/// Messages that moderation let pass and wants looked at.
#[async_trait]
pub trait Flags: Send + Sync {
    /// Flags a message, again without harm; one that isn't there is none.
    async fn flag(&self, message: MessageId, now: UnixMs) -> Result<(), StoreError>;

    /// Those that are flagged, the newest flag first; a message that was recalled isn't among them.
    async fn flagged(&self, page: Page) -> Result<Listing<Flagged>, StoreError>;

    /// Takes the flag off; false when there was none.
    async fn unflag(&self, message: MessageId) -> Result<bool, StoreError>;
}
