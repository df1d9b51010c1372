//! Texts that staff keep ready.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Row, query};

use super::Postgres;
use super::times::timestamp;
use crate::clock::UnixMs;
use crate::ids::ReplyId;
use crate::model::{CannedReply, Listing, Page};
use crate::ports::{CannedReplies, RepliesError, StoreError};
use crate::sql::{broken_rule, storable};

/// No row when there are as many as may be.
const ADD: &str = "
insert into canned_replies (team, shortcut, content, created_at)
select $1, $2, $3, $4
where (select count(*) from canned_replies where team = $1) < $5::bigint
returning *";

const CHANGE: &str = "
update canned_replies
set shortcut = coalesce($2, shortcut), content = coalesce($3, content)
where id = $1
returning *";

const LIST: &str = "
select *, count(*) over () as total
from canned_replies
where team in ($1, '')
order by shortcut, id
limit $2 offset $3";

#[async_trait]
impl CannedReplies for Postgres {
    async fn add_reply(
        &self,
        team: &str,
        shortcut: &str,
        content: &str,
        most: u32,
        now: UnixMs,
    ) -> Result<CannedReply, RepliesError> {
        self.transact(async |connection| {
            // So that of several at once each sees how many there are.
            query("select from desk for update").execute(&mut *connection).await?;
            let add = query(ADD)
                .bind(storable(team))
                .bind(storable(shortcut))
                .bind(storable(content))
                .bind(timestamp(now))
                .bind(i64::from(most));
            let row = add.fetch_optional(connection).await.map_err(taken)?;
            Ok(reply(&row.ok_or(RepliesError::Full(most))?)?)
        })
        .await
    }

    async fn change_reply(
        &self,
        id: ReplyId,
        shortcut: Option<&str>,
        content: Option<&str>,
    ) -> Result<CannedReply, RepliesError> {
        self.run(async |connection| {
            let change = query(CHANGE).bind(id.0).bind(shortcut.map(storable)).bind(content.map(storable));
            let row = change.fetch_optional(connection).await.map_err(taken)?;
            Ok(reply(&row.ok_or(RepliesError::NotFound)?)?)
        })
        .await
    }

    async fn remove_reply(&self, id: ReplyId) -> Result<(), RepliesError> {
        self.run(async |connection| {
            let done =
                query("delete from canned_replies where id = $1").bind(id.0).execute(connection).await?;
            if done.rows_affected() == 0 { Err(RepliesError::NotFound) } else { Ok(()) }
        })
        .await
    }

    async fn replies(&self, team: &str, page: Page) -> Result<Listing<CannedReply>, StoreError> {
        self.run(async |connection| {
            let read = query(LIST).bind(storable(team)).bind(i64::from(page.size)).bind(page.offset());
            let rows = read.fetch_all(connection).await?;
            let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
            Ok(Listing { items: rows.iter().map(reply).collect::<Result<_, _>>()?, total })
        })
        .await
    }
}

fn reply(row: &PgRow) -> Result<CannedReply, sqlx::Error> {
    Ok(CannedReply {
        id: ReplyId(row.try_get("id")?),
        team: row.try_get("team")?,
        shortcut: row.try_get("shortcut")?,
        content: row.try_get("content")?,
    })
}

fn taken(error: sqlx::Error) -> RepliesError {
    match broken_rule(&error) {
        Some("canned_replies_unique") => RepliesError::ShortcutTaken,
        _ => error.into(),
    }
}
