//! The stores on Postgres.
//!
//! Nothing connects at construction; every operation has the deadline of [`PostgresConfig`], after which
//! it is [`StoreError::Unavailable`]. Times are bound from [`crate::clock::UnixMs`], never SQL's `now()`.

mod accounts;
mod api_keys;
mod bans;
mod blocks;
mod broadcasts;
mod canned_replies;
mod connection_log;
mod database;
mod desk;
mod events;
mod flags;
mod login;
mod messages;
mod outbox;
mod pool;
mod push_pending;
mod push_subscriptions;
mod replica;
mod rooms;
mod services;
pub mod statements;
mod statistics;
mod statuses;
mod times;
mod visitors;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::time::{Instant, timeout_at};

use crate::ports::StoreError;
use crate::secrets::LoginUrl;
use crate::sql::Failure;
pub use database::schema_fingerprint;
use pool::{Lease, Pool};
use replica::Replica;

/// The deadline of an operation when nothing else is configured.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(700);

/// Where the database is and how much to ask of it.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=...`
    pub url: LoginUrl,
    /// One in Lambda, where an instance handles one event at a time.
    pub max_connections: u32,
    /// Of one operation, waiting for a connection and connecting included.
    pub deadline: Duration,
}

/// Every store on one Postgres database; clones share the connections.
#[derive(Clone)]
pub struct Postgres {
    pool: Arc<Pool>,
    replica: Option<Arc<Replica>>,
    max_connections: u32,
    deadline: Duration,
    url: LoginUrl,
}

impl Postgres {
    /// Reads the URL; connects at first use.
    ///
    /// # Errors
    /// `Internal` when the URL isn't one.
    pub fn new(config: PostgresConfig) -> Result<Self, StoreError> {
        let PostgresConfig { url, max_connections, deadline } = config;
        let pool = Arc::new(pool(&url, deadline, max_connections)?);
        Ok(Self { pool, replica: None, max_connections, deadline, url })
    }

    /// Has what may be a moment old read from a replica: history, search, statistics by day. Connects at first use,
    /// with as many connections and the same deadline.
    ///
    /// # Errors
    /// `Internal` when the URL isn't one.
    pub fn reading_from(self, replica: &LoginUrl) -> Result<Self, StoreError> {
        let pool = pool(replica, self.deadline, self.max_connections)?;
        Ok(Self { replica: Some(Arc::new(Replica::new(pool))), ..self })
    }

    /// Runs `work` on a connection of its own within the deadline. The connection is kept when the work
    /// ended by itself and the store wasn't at fault, and closed otherwise: what was cut off may still
    /// have an answer under way.
    async fn run<T, E: Failure>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        within(self.deadline, &self.pool, work).await
    }

    /// Runs `read` on the replica, if there is one, it answers and what it found is fit; else as any work.
    async fn read<T>(
        &self,
        read: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError> + Copy,
        is_fit: impl Fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        let mut replica = match &self.replica {
            Some(replica) => replica.ready(self).await,
            None => None,
        };
        // One place where it is run, since all that a read is made of would stand in the binary for each.
        loop {
            let pool = replica.map_or(&*self.pool, |replica| &replica.pool);
            let outcome = within(self.deadline, pool, read).await;
            match (replica.take(), outcome) {
                (None, outcome) => return outcome,
                (Some(replica), Ok(found)) => {
                    replica.succeeded();
                    if is_fit(&found) {
                        return Ok(found);
                    }
                }
                (Some(replica), Err(error)) => replica.failed(&error),
            }
        }
    }

    /// Runs `work` in a transaction, committed when it ends well.
    async fn transact<T, E: Failure + From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(async |connection| {
            let mut transaction = connection.begin().await?;
            let outcome = work(&mut transaction).await;
            match &outcome {
                Ok(_) => transaction.commit().await?,
                // The connection is about to be closed, which rolls back.
                Err(error) if error.of_store() => {}
                Err(_) => transaction.rollback().await?,
            }
            outcome
        })
        .await
    }
}

/// The server gives up a little before the client does, so that a failure that was reported isn't committed after
/// all, and no lock outlives its caller.
fn pool(url: &LoginUrl, deadline: Duration, max_connections: u32) -> Result<Pool, StoreError> {
    login::options(&url.current())?;
    Ok(Pool::new(url.clone(), deadline * 9 / 10, max_connections))
}

/// Runs `work` on a connection of `pool` within `deadline`.
async fn within<T, E: Failure>(
    deadline: Duration,
    pool: &Pool,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    let deadline = Instant::now() + deadline;
    let mut lease = lease(pool, deadline).await?;
    let outcome = timeout_at(deadline, work(&mut lease)).await.map_err(|_| too_slow())?;
    if !outcome.as_ref().is_err_and(Failure::of_store) {
        lease.give_back();
    }
    outcome
}

/// Boxed, since all that connecting is made of would else be a part of every operation.
fn lease(pool: &Pool, deadline: Instant) -> BoxFuture<'_, Result<Lease, StoreError>> {
    Box::pin(async move { timeout_at(deadline, pool.lease()).await.map_err(|_| too_slow())? })
}

fn too_slow() -> StoreError {
    StoreError::Unavailable("Postgres took too long".to_owned())
}
