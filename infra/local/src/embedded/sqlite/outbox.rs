//! What was committed and is not yet known to be delivered.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::OutboxId;
use shared::ports::{Event, MessageStored, OUTBOX_DUE_MS, Outbox, OutboxRow, StoreError, Unposted};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};
use uuid::Uuid;

use super::rows::{self, entry_columns};
use super::{Sqlite, json_list};

const CLAIM: &str = "
update outbox set due_at = ?3
where id in (select id from outbox where due_at between ?1 and ?2 order by due_at, id limit ?4)
returning id";

const READ: &str = concat!(
    "select o.id as outbox, o.payload, o.created_at as opened_at, ",
    entry_columns!(),
    " from outbox o left join messages m on m.id = o.message_id left join users s on s.id = m.sender_id \
     where o.id in (select value from json_each(?1)) order by o.created_at, o.id"
);

#[async_trait]
impl Outbox for Sqlite {
    async fn settle(&self, rows: &[OutboxId]) -> Result<Vec<OutboxId>, StoreError> {
        let deleted: Vec<i64> =
            query_scalar("delete from outbox where id in (select value from json_each(?1)) returning id")
                .bind(json_list(rows.iter().map(|row| row.0)))
                .fetch_all(&self.writer)
                .await?;
        Ok(deleted.into_iter().map(OutboxId).collect())
    }

    async fn note(&self, row: OutboxId, unposted: &Unposted) -> Result<(), StoreError> {
        query("update outbox set payload = ?2 where id = ?1 and message_id is not null")
            .bind(row.0)
            .bind(Json(unposted))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn claim_opened(
        &self,
        opened: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = self.transact(async |connection| claim(connection, &opened, now, limit).await).await?;
        Ok(rows.iter().filter_map(readable).collect())
    }

    async fn backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError> {
        let row = query("select count(*) as open, min(created_at) as oldest from outbox")
            .fetch_one(&self.readers)
            .await?;
        Ok((row.try_get("open")?, row.try_get::<Option<i64>, _>("oldest")?.map(UnixMs)))
    }
}

async fn claim(
    connection: &mut SqliteConnection,
    opened: &RangeInclusive<UnixMs>,
    now: UnixMs,
    limit: u32,
) -> Result<Vec<SqliteRow>, StoreError> {
    let claimed: Vec<i64> = query_scalar(CLAIM)
        .bind(opened.start().plus(OUTBOX_DUE_MS).0)
        .bind(opened.end().plus(OUTBOX_DUE_MS).0)
        .bind(now.plus(OUTBOX_DUE_MS).0)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    Ok(query(READ).bind(json_list(claimed.into_iter())).fetch_all(connection).await?)
}

/// One row that this build can't read must not hold up the others: it stays open, and the log says so.
fn readable(row: &SqliteRow) -> Option<OutboxRow> {
    match outbox_row(row) {
        Ok(row) => Some(row),
        Err(error) => {
            tracing::error!(%error, "an outbox row does not read");
            None
        }
    }
}

fn outbox_row(row: &SqliteRow) -> Result<OutboxRow, StoreError> {
    let id = OutboxId(row.try_get("outbox")?);
    let event = if row.try_get::<Option<Uuid>, _>("message_id")?.is_some() {
        let entry = rows::entry(row)?;
        let noted: Option<Json<Unposted>> = row.try_get("payload")?;
        let unposted = noted.map_or_else(Unposted::everyone, |noted| noted.0);
        Event::MessageStored(MessageStored { outbox: id, entry, unposted })
    } else {
        row.try_get::<Json<Event>, _>("payload")?.0.of_row(id)
    };
    Ok(OutboxRow { id, event, created_at: UnixMs(row.try_get("opened_at")?) })
}
