use async_trait::async_trait;

use super::PresenceError;
use crate::ids::UserId;
use crate::model::{Session, StaffMember};

/// Customer service as it stands, as far as it is to be copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeskCopies {
    /// `chat:session:{id}`, for 7 days.
    pub sessions: Vec<Session>,
    /// Visitors with who serves them: `chat:mapping:{visitor}`, for 7 days; of None there is no key.
    pub serving: Vec<(UserId, Option<UserId>)>,
    /// `chat:staff:{id}` and how many sessions they have, `chat:count:{staff}`; for 24 hours.
    pub staff: Vec<StaffMember>,
}

/// Copies of customer service for people and tools beside a Redis server: nothing here reads them.
#[async_trait]
pub trait Mirrors: Send + Sync {
    /// Puts these in place of the copies before, in one round trip.
    async fn keep(&self, copies: &DeskCopies) -> Result<(), PresenceError>;
}
