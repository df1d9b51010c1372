//! One insert and its commit in SQLite, opened as the embedded store opens it.

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use super::{PAYLOAD, time};
use crate::measure::Latency;

/// Times an insert that commits by itself into a file of its own, and removes the file.
///
/// # Errors
/// When the temporary folder can't be written.
pub(super) async fn commit() -> anyhow::Result<Latency> {
    let folder = tempfile::tempdir()?;
    let mut connection = SqliteConnectOptions::new()
        .filename(folder.path().join("hop.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    let latency = inserts(&mut connection).await;
    connection.close().await?;
    folder.close()?;
    latency
}

async fn inserts(connection: &mut SqliteConnection) -> anyhow::Result<Latency> {
    sqlx::raw_sql("create table hop (id blob primary key, body blob not null)")
        .execute(&mut *connection)
        .await?;
    time(async || {
        sqlx::query("insert into hop (id, body) values (?1, ?2)")
            .bind(Uuid::now_v7())
            .bind(PAYLOAD.as_slice())
            .execute(&mut *connection)
            .await?;
        Ok(())
    })
    .await
}
