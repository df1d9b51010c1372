//! Whom users want nothing from.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{Blocked, Listing, Page};
use shared::ports::{Blocks, BlocksError, StoreError};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, json_list, rows};

const COUNT: &str = "select count(*) from blocks where blocker_id = ?1 and blocked_id <> ?2";

const BLOCK: &str = "
insert into blocks (blocker_id, blocked_id, created_at) values (?1, ?2, ?3)
on conflict (blocker_id, blocked_id) do nothing";

const LIST: &str = "
select u.id, u.username, u.nickname, b.created_at
from blocks b
join users u on u.id = b.blocked_id
where b.blocker_id = ?1
order by b.created_at desc, b.blocked_id desc
limit ?2 offset ?3";

const ANY: &str = "
select exists (
    select 1 from blocks where blocker_id in (select value from json_each(?1)) and blocked_id = ?2
)";

const APART: &str = "
select blocked_id from blocks where blocker_id = ?1 and blocked_id in (select value from json_each(?2))
union
select blocker_id from blocks where blocked_id = ?1 and blocker_id in (select value from json_each(?2))";

#[async_trait]
impl Blocks for Sqlite {
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
        let gone = query("delete from blocks where blocker_id = ?1 and blocked_id = ?2");
        gone.bind(blocker.0).bind(blocked.0).execute(&self.writer).await?;
        Ok(())
    }

    async fn blocked_by(&self, blocker: UserId, page: Page) -> Result<Listing<Blocked>, StoreError> {
        self.snapshot(async |connection| list(connection, blocker, page).await).await
    }

    async fn any_blocks(&self, blockers: &[UserId], blocked: UserId) -> Result<bool, StoreError> {
        let any = query_scalar(ANY).bind(json_list(blockers.iter().map(|user| user.0))).bind(blocked.0);
        Ok(any.fetch_one(&self.readers).await?)
    }

    async fn apart(&self, user: UserId, others: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let apart = query_scalar(APART).bind(user.0).bind(json_list(others.iter().map(|user| user.0)));
        let found: Vec<i64> = apart.fetch_all(&self.readers).await?;
        Ok(found.into_iter().map(UserId).collect())
    }
}

async fn block(
    connection: &mut SqliteConnection,
    blocker: UserId,
    blocked: UserId,
    max: u32,
    now: UnixMs,
) -> Result<(), BlocksError> {
    for user in [blocker, blocked] {
        let found: Option<i64> = query_scalar("select id from users where id = ?1 and not deleted")
            .bind(user.0)
            .fetch_optional(&mut *connection)
            .await?;
        found.ok_or(BlocksError::NoUser)?;
    }
    let others: i64 = query_scalar(COUNT).bind(blocker.0).bind(blocked.0).fetch_one(&mut *connection).await?;
    if others >= i64::from(max) && !is_blocked(connection, blocker, blocked).await? {
        return Err(BlocksError::Full(max));
    }
    query(BLOCK).bind(blocker.0).bind(blocked.0).bind(now.0).execute(connection).await?;
    Ok(())
}

/// Whether `blocker` blocks `blocked`, as a transaction sees it.
pub(super) async fn is_blocked(
    connection: &mut SqliteConnection,
    blocker: UserId,
    blocked: UserId,
) -> Result<bool, sqlx::Error> {
    let any = query_scalar(ANY).bind(json_list([blocker.0].into_iter())).bind(blocked.0);
    any.fetch_one(connection).await
}

async fn list(
    connection: &mut SqliteConnection,
    blocker: UserId,
    page: Page,
) -> Result<Listing<Blocked>, StoreError> {
    let total = query_scalar("select count(*) from blocks where blocker_id = ?1")
        .bind(blocker.0)
        .fetch_one(&mut *connection)
        .await?;
    let list = query(LIST).bind(blocker.0).bind(i64::from(page.size)).bind(page.offset());
    let rows = list.fetch_all(connection).await?;
    Ok(Listing { items: rows.iter().map(blocked).collect::<Result<_, _>>()?, total })
}

fn blocked(row: &SqliteRow) -> Result<Blocked, sqlx::Error> {
    Ok(Blocked { user: rows::user(row)?, blocked_at: UnixMs(row.try_get("created_at")?) })
}
