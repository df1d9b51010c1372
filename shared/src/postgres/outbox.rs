//! What was committed and is not yet known to be delivered.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Row, query};
use time::OffsetDateTime;
use uuid::Uuid;

use super::messages::entry_of;
use super::times::{time_of, timestamp, unix_ms};
use super::{Postgres, statements};
use crate::clock::UnixMs;
use crate::ids::OutboxId;
use crate::ports::{Event, MessageStored, OUTBOX_DUE_MS, Outbox, OutboxRow, StoreError, Unposted};

#[async_trait]
impl Outbox for Postgres {
    async fn settle(&self, rows: &[OutboxId]) -> Result<Vec<OutboxId>, StoreError> {
        // Sorted, so that two consumers with the same rows take them in the same order.
        let mut ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        ids.sort_unstable();
        self.run(async |connection| {
            let deleted = query("delete from outbox where id = any($1) returning id")
                .bind(&ids)
                .fetch_all(connection)
                .await?;
            deleted.iter().map(|row| Ok(OutboxId(row.try_get("id")?))).collect()
        })
        .await
    }

    async fn note(&self, row: OutboxId, unposted: &Unposted) -> Result<(), StoreError> {
        self.run(async |connection| {
            let statement = query("update outbox set payload = $2 where id = $1 and message_id is not null");
            statement.bind(row.0).bind(Json(unposted)).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn claim_opened(
        &self,
        opened: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = self
            .run(async |connection| -> Result<_, StoreError> {
                let statement = query(statements::CLAIM_DUE)
                    .bind(timestamp(opened.start().plus(OUTBOX_DUE_MS)))
                    .bind(timestamp(opened.end().plus(OUTBOX_DUE_MS)))
                    .bind(timestamp(now.plus(OUTBOX_DUE_MS)))
                    .bind(i64::from(limit));
                Ok(statement.fetch_all(connection).await?)
            })
            .await?;
        Ok(rows.iter().filter_map(readable).collect())
    }

    async fn backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError> {
        self.run(async |connection| {
            let row = query("select count(*) as open, min(created_at) as oldest from outbox")
                .fetch_one(connection)
                .await?;
            let oldest: Option<OffsetDateTime> = row.try_get("oldest")?;
            Ok((row.try_get("open")?, oldest.map(unix_ms)))
        })
        .await
    }
}

/// One row that this build can't read must not hold up the others: it stays open, and the log says so.
fn readable(row: &PgRow) -> Option<OutboxRow> {
    match outbox_row(row) {
        Ok(row) => Some(row),
        Err(error) => {
            tracing::error!(%error, "an outbox row does not read");
            None
        }
    }
}

fn outbox_row(row: &PgRow) -> Result<OutboxRow, StoreError> {
    let id = OutboxId(row.try_get("outbox")?);
    let event = if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
        let entry = entry_of(row)?;
        let noted: Option<Json<Unposted>> = row.try_get("payload")?;
        let unposted = noted.map_or_else(Unposted::everyone, |noted| noted.0);
        Event::MessageStored(MessageStored { outbox: id, entry, unposted })
    } else {
        row.try_get::<Json<Event>, _>("payload")?.0.of_row(id)
    };
    Ok(OutboxRow { id, event, created_at: time_of(row, "opened_at")? })
}
