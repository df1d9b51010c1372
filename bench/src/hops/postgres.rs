//! One insert and its commit in Postgres, in a table of its own.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{PAYLOAD, time};
use crate::measure::Latency;

/// Times an insert that commits by itself, on one connection, and drops the table.
///
/// # Errors
/// When the database can't be reached or refuses the table.
pub(super) async fn commit(url: &str) -> anyhow::Result<Latency> {
    let mut connection = PgConnection::connect(url).await?;
    let table = format!("bench_hop_{}", Uuid::new_v4().simple());
    let create = format!("create table {table} (id uuid primary key, body bytea not null)");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await?;
    let latency = inserts(&mut connection, &table).await;
    let drop = format!("drop table {table}");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await?;
    connection.close().await?;
    latency
}

async fn inserts(connection: &mut PgConnection, table: &str) -> anyhow::Result<Latency> {
    let insert = format!("insert into {table} (id, body) values ($1, $2)");
    time(async || {
        sqlx::query(AssertSqlSafe(insert.clone()))
            .bind(Uuid::now_v7())
            .bind(PAYLOAD.as_slice())
            .execute(&mut *connection)
            .await?;
        Ok(())
    })
    .await
}
