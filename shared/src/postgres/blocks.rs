//! Whom users want nothing from.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query, query_scalar};

use super::Postgres;
use super::times::{time_of, timestamp};
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Blocked, Listing, Page, User};
use crate::ports::{Blocks, BlocksError, StoreError};

/// The row of the user is the lock under which their blocks are counted.
const LOCK: &str = "select id from users where id = $1 and not deleted for no key update";

/// Held, so that nobody is blocked while being anonymised.
const HOLD: &str = "select id from users where id = $1 and not deleted for key share";

const COUNT: &str = "select count(*) from blocks where blocker_id = $1 and blocked_id <> $2";

const BLOCK: &str = "
insert into blocks (blocker_id, blocked_id, created_at) values ($1, $2, $3)
on conflict (blocker_id, blocked_id) do nothing";

const LIST: &str = "
select all_of.total, page.*
from (select count(*) as total from blocks where blocker_id = $1) all_of
left join lateral (
    select u.id, u.username, u.nickname, b.created_at
    from blocks b
    join users u on u.id = b.blocked_id
    where b.blocker_id = $1
    order by b.created_at desc, b.blocked_id desc
    limit $2 offset $3
) page on true
order by page.created_at desc, page.id desc";

const ANY: &str = "select exists (select from blocks where blocker_id = any($1) and blocked_id = $2)";

const APART: &str = "
select blocked_id from blocks where blocker_id = $1 and blocked_id = any($2)
union
select blocker_id from blocks where blocked_id = $1 and blocker_id = any($2)";

#[async_trait]
impl Blocks for Postgres {
    async fn block(
        &self,
        blocker: UserId,
        blocked: UserId,
        max: u32,
        now: UnixMs,
    ) -> Result<(), BlocksError> {
        self.transact(async |connection| block(connection, blocker, blocked, max, now).await).await
    }

    async fn unblock(&self, blocker: UserId, blocked: UserId) -> Result<(), StoreError> {
        self.run(async |connection| {
            let gone = query("delete from blocks where blocker_id = $1 and blocked_id = $2");
            gone.bind(blocker.0).bind(blocked.0).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn blocked_by(&self, blocker: UserId, page: Page) -> Result<Listing<Blocked>, StoreError> {
        self.run(async |connection| {
            let list = query(LIST).bind(blocker.0).bind(i64::from(page.size)).bind(page.offset());
            listing(&list.fetch_all(connection).await?)
        })
        .await
    }

    async fn any_blocks(&self, blockers: &[UserId], blocked: UserId) -> Result<bool, StoreError> {
        let blockers: Vec<i64> = blockers.iter().map(|user| user.0).collect();
        self.run(async |connection| {
            Ok(query_scalar(ANY).bind(&blockers).bind(blocked.0).fetch_one(connection).await?)
        })
        .await
    }

    async fn apart(&self, user: UserId, others: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let others: Vec<i64> = others.iter().map(|user| user.0).collect();
        self.run(async |connection| {
            let found: Vec<i64> =
                query_scalar(APART).bind(user.0).bind(&others).fetch_all(connection).await?;
            Ok(found.into_iter().map(UserId).collect())
        })
        .await
    }
}

async fn block(
    connection: &mut PgConnection,
    blocker: UserId,
    blocked: UserId,
    max: u32,
    now: UnixMs,
) -> Result<(), BlocksError> {
    for (statement, user) in [(LOCK, blocker), (HOLD, blocked)] {
        let found: Option<i64> =
            query_scalar(statement).bind(user.0).fetch_optional(&mut *connection).await?;
        found.ok_or(BlocksError::NoUser)?;
    }
    let others: i64 = query_scalar(COUNT).bind(blocker.0).bind(blocked.0).fetch_one(&mut *connection).await?;
    if others >= i64::from(max) && !is_blocked(connection, blocker, blocked).await? {
        return Err(BlocksError::Full(max));
    }
    query(BLOCK).bind(blocker.0).bind(blocked.0).bind(timestamp(now)).execute(connection).await?;
    Ok(())
}

/// Whether `blocker` blocks `blocked`, as a transaction sees it.
pub(super) async fn is_blocked(
    connection: &mut PgConnection,
    blocker: UserId,
    blocked: UserId,
) -> Result<bool, sqlx::Error> {
    query_scalar(ANY).bind(vec![blocker.0]).bind(blocked.0).fetch_one(connection).await
}

/// Rows that all carry the total; a lone row without a user is an empty page.
fn listing(rows: &[PgRow]) -> Result<Listing<Blocked>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(id) = row.try_get("id")? {
            items.push(blocked(row, UserId(id))?);
        }
    }
    Ok(Listing { items, total })
}

fn blocked(row: &PgRow, id: UserId) -> Result<Blocked, sqlx::Error> {
    let user = User { id, username: row.try_get("username")?, nickname: row.try_get("nickname")? };
    Ok(Blocked { user, blocked_at: time_of(row, "created_at")? })
}
