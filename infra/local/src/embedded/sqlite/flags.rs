//! What moderation wants looked at.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::MessageId;
use shared::model::{Listing, Page};
use shared::ports::{Flagged, Flags, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query, query_scalar};

use super::Sqlite;
use super::rows::{self, message_columns};

const FLAG: &str = "
insert into message_flags (message_id, flagged_at)
select id, ?2 from messages where id = ?1 and entry = 'message'
on conflict do nothing";

const FLAGGED: &str = concat!(
    "select ",
    message_columns!(),
    ", f.flagged_at
from message_flags f
join messages m on m.id = f.message_id and m.recalled_at is null
join users s on s.id = m.sender_id
order by f.flagged_at desc, f.message_id
limit ?1 offset ?2"
);

const COUNT: &str = "
select count(*) from message_flags f join messages m on m.id = f.message_id and m.recalled_at is null";

#[async_trait]
impl Flags for Sqlite {
    async fn flag(&self, message: MessageId, now: UnixMs) -> Result<(), StoreError> {
        query(FLAG).bind(message.0).bind(now.0).execute(&self.writer).await?;
        Ok(())
    }

    async fn flagged(&self, page: Page) -> Result<Listing<Flagged>, StoreError> {
        self.snapshot(async |connection| {
            let read = query(FLAGGED).bind(i64::from(page.size)).bind(page.offset());
            let rows = read.fetch_all(&mut *connection).await?;
            let total = query_scalar(COUNT).fetch_one(connection).await?;
            Ok(Listing { items: rows.iter().map(flagged).collect::<Result<_, StoreError>>()?, total })
        })
        .await
    }

    async fn unflag(&self, message: MessageId) -> Result<bool, StoreError> {
        let done = query("delete from message_flags where message_id = ?1").bind(message.0);
        Ok(done.execute(&self.writer).await?.rows_affected() > 0)
    }
}

fn flagged(row: &SqliteRow) -> Result<Flagged, StoreError> {
    Ok(Flagged { message: rows::message(row)?, flagged_at: UnixMs(row.try_get("flagged_at")?) })
}
