//! What moderation wants looked at.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{query, query_scalar};

use super::Postgres;
use super::messages::message_of;
use super::times::{time_of, timestamp};
use crate::clock::UnixMs;
use crate::ids::MessageId;
use crate::model::{Listing, Page};
use crate::ports::{Flagged, Flags, StoreError};

const FLAG: &str = "
insert into message_flags (message_id, flagged_at)
select id, $2 from messages where id = $1 and entry = 'message'
on conflict do nothing";

const FLAGGED: &str = "
select m.*, u.nickname as sender_name, f.flagged_at
from message_flags f
join messages m on m.id = f.message_id and m.recalled_at is null
join users u on u.id = m.sender_id
order by f.flagged_at desc, f.message_id
limit $1 offset $2";

const COUNT: &str = "
select count(*) from message_flags f join messages m on m.id = f.message_id and m.recalled_at is null";

#[async_trait]
impl Flags for Postgres {
    async fn flag(&self, message: MessageId, now: UnixMs) -> Result<(), StoreError> {
        self.run(async |connection| {
            query(FLAG).bind(message.0).bind(timestamp(now)).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn flagged(&self, page: Page) -> Result<Listing<Flagged>, StoreError> {
        self.run(async |connection| {
            let read = query(FLAGGED).bind(i64::from(page.size)).bind(page.offset());
            let rows = read.fetch_all(&mut *connection).await?;
            let total = query_scalar(COUNT).fetch_one(connection).await?;
            Ok(Listing { items: rows.iter().map(flagged).collect::<Result<_, StoreError>>()?, total })
        })
        .await
    }

    async fn unflag(&self, message: MessageId) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let done = query("delete from message_flags where message_id = $1").bind(message.0);
            Ok(done.execute(connection).await?.rows_affected() > 0)
        })
        .await
    }
}

fn flagged(row: &PgRow) -> Result<Flagged, StoreError> {
    Ok(Flagged { message: message_of(row, "id", "created_at")?, flagged_at: time_of(row, "flagged_at")? })
}
