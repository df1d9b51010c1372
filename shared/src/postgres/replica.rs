//! A replica that answers reads; what it can't answer, the primary does.

use std::sync::OnceLock;
use std::time::Duration;

use futures::future::try_join;
use sqlx::postgres::PgConnection;

use super::database::epoch;
use super::pool::Pool;
use super::{Postgres, within};
use crate::breaker::Breaker;
use crate::ports::StoreError;

pub(super) struct Replica {
    pool: Pool,
    deadline: Duration,
    breaker: Breaker,
    /// Set once it is known to be a copy of the primary, and not of what the primary was restored from.
    is_copy: OnceLock<()>,
}

impl Replica {
    pub(super) fn new(pool: Pool, deadline: Duration) -> Self {
        Self { pool, deadline, breaker: Breaker::default(), is_copy: OnceLock::new() }
    }

    /// What `read` finds there; None when the replica is away, ends it to go on replaying, or isn't one of
    /// `primary`.
    pub(super) async fn read<T>(
        &self,
        primary: &Postgres,
        read: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Option<T> {
        if self.breaker.is_open() {
            return None;
        }
        match self.try_read(primary, read).await {
            Ok(found) => {
                self.breaker.succeeded();
                Some(found)
            }
            Err(error) => {
                tracing::warn!(%error, "the replica of Postgres gives no answer: the primary is asked");
                self.breaker.failed();
                None
            }
        }
    }

    async fn try_read<T>(
        &self,
        primary: &Postgres,
        read: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_copy.get().is_none() {
            let its_epoch = within(self.deadline, &self.pool, epoch);
            let (one, other) = try_join(primary.epoch(), its_epoch).await?;
            if one != other {
                return Err(StoreError::Internal("it is a copy of another database".to_owned()));
            }
            let _ = self.is_copy.set(());
        }
        within(self.deadline, &self.pool, read).await
    }
}
