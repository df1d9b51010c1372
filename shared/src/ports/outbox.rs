use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{Event, StoreError, Unposted};
use crate::clock::UnixMs;
use crate::ids::OutboxId;

/// How long a row may stay open before it is published again, in milliseconds.
pub const OUTBOX_DUE_MS: i64 = 10_000;

/// A row that nobody has settled yet, as the event to publish again: to whom it says that posts are left, or to
/// everyone.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    pub id: OutboxId,
    pub event: Event,
    pub created_at: UnixMs,
}

/// What was committed and is not yet known to be delivered. Rows are written by the statements that
/// commit (`Messages::append` ...), never here.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Deletes the rows in one statement; answers those that it deleted, so that a repeat counts nothing
    /// twice.
    async fn settle(&self, rows: &[OutboxId]) -> Result<Vec<OutboxId>, StoreError>;

    /// Notes on the row of an entry what is left of it, for when it is published again; no more than that if it
    /// was settled meanwhile.
    async fn note(&self, row: OutboxId, unposted: &Unposted) -> Result<(), StoreError>;

    /// Takes up to `limit` rows that are due, oldest first, and makes them due again [`OUTBOX_DUE_MS`]
    /// later, so that two sweepers never publish the same row at once.
    async fn claim_due(&self, now: UnixMs, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.claim_opened(UnixMs(0)..=now.plus(-OUTBOX_DUE_MS), now, limit).await
    }

    /// The same with rows that were opened, or claimed last, in such a span: those of an outage needn't
    /// fall due first.
    async fn claim_opened(
        &self,
        opened: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// How many rows are open, and when the oldest was made.
    async fn backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError>;
}
