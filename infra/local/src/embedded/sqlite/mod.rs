//! The stores in a SQLite file: what `cargo run` keeps its state in.
//!
//! One connection writes, so that writers wait in line instead of failing as busy; a few read beside it.
//! The log is written ahead and synced at every commit: what was acknowledged survives the power going.

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
mod messages;
mod outbox;
mod push_pending;
mod push_subscriptions;
mod rooms;
mod rows;
mod services;
mod statistics;
mod statuses;
mod visitors;

use std::path::Path;
use std::time::Duration;

use shared::ports::{Database, StoreError};
use shared::sql::Failure;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

/// Connections that read; writes go over one more.
const READERS: u32 = 4;

/// How long to wait for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Every store in one file; clones share the connections.
#[derive(Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file, making it and its folder when missing, and brings its schema up to date.
    ///
    /// # Errors
    /// `Unavailable` when it can't be opened or is held; `Internal` when a newer Hark has written it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "on"));
        let store = Self { writer, readers };
        store.migrate().await?;
        Ok(store)
    }

    /// Closes the file once what is under way has ended.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Runs `work` as the only writer, committed when it ends well.
    async fn transact<T, E: Failure + From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        let outcome = work(&mut transaction).await;
        match &outcome {
            Ok(_) => transaction.commit().await?,
            Err(_) => transaction.rollback().await?,
        }
        outcome
    }

    /// Runs one statement that only reads.
    async fn read<T, E: Failure + From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&mut *self.readers.acquire().await?).await
    }

    /// Runs several that have to see the same state.
    async fn snapshot<T, E: Failure + From<sqlx::Error>>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut snapshot = self.readers.begin().await?;
        let outcome = work(&mut snapshot).await;
        snapshot.rollback().await?;
        outcome
    }
}

/// Connections are never given up: there is no server to be spared.
fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(BUSY_TIMEOUT)
}

/// A list of integers as `json_each` takes it.
fn json_list(ids: impl Iterator<Item = i64>) -> String {
    serde_json::Value::from_iter(ids).to_string()
}
