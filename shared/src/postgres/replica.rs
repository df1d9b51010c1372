//! A replica that answers reads; what it can't answer, the primary does.

use std::sync::OnceLock;

use futures::future::try_join;

use super::database::epoch;
use super::pool::Pool;
use super::{Postgres, within};
use crate::breaker::Breaker;
use crate::ports::StoreError;

pub(super) struct Replica {
    pub(super) pool: Pool,
    breaker: Breaker,
    /// Set once it is known to be a copy of the primary, and not of what the primary was restored from.
    is_copy: OnceLock<()>,
}

impl Replica {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, breaker: Breaker::default(), is_copy: OnceLock::new() }
    }

    /// Itself, to be asked now; None for a moment after it failed, and when it isn't one of `primary`.
    pub(super) async fn ready(&self, primary: &Postgres) -> Option<&Self> {
        if self.breaker.is_open() {
            return None;
        }
        if self.is_copy.get().is_none() {
            self.compare(primary).await.inspect_err(|error| self.failed(error)).ok()?;
        }
        Some(self)
    }

    async fn compare(&self, primary: &Postgres) -> Result<(), StoreError> {
        let its_epoch = within(primary.deadline, &self.pool, epoch);
        let (one, other) = try_join(primary.epoch(), its_epoch).await?;
        if one != other {
            return Err(StoreError::Internal("it is a copy of another database".to_owned()));
        }
        let _ = self.is_copy.set(());
        Ok(())
    }

    pub(super) fn succeeded(&self) {
        self.breaker.succeeded();
    }

    /// It is away, too slow, or ended a read to go on replaying: it is left alone for a moment.
    pub(super) fn failed(&self, error: &StoreError) {
        tracing::warn!(%error, "the replica of Postgres gives no answer: the primary is asked");
        self.breaker.failed();
    }
}
