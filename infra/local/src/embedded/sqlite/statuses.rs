//! What users say of themselves, and who is told.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::Status;
use shared::ports::{ContactScope, KeptStatus, Statuses, StoreError};
use shared::sql::{from_word, word};
use sqlx::{Row, query, query_scalar};

use super::Sqlite;

/// As `contacts.sql` of Postgres.
const CONTACTS: &str = "
with near as (
    select r.id, r.active_at
    from room_members mine
    join rooms r on r.id = mine.room_id
    where mine.user_id = ?1 and r.member_count <= ?2
    order by r.active_at desc, r.id
    limit ?3
)
select m.user_id
from near
join room_members m on m.room_id = near.id
where m.user_id <> ?1
  and m.user_id not in (
    select blocked_id from blocks where blocker_id = ?1
    union all
    select blocker_id from blocks where blocked_id = ?1
  )
group by m.user_id
order by max(near.active_at) desc, m.user_id
limit ?4";

/// `?1` is a list of `[user, time]`.
const HEARD: &str = "
update users
set heard_at = heard.value ->> 1
from json_each(?1) as heard
where users.id = heard.value ->> 0 and (heard_at is null or heard_at < heard.value ->> 1)";

#[async_trait]
impl Statuses for Sqlite {
    async fn choose(&self, user: UserId, status: Status) -> Result<(), StoreError> {
        let set = query("update users set status = ?2 where id = ?1").bind(user.0).bind(word(status));
        set.execute(&self.writer).await?;
        Ok(())
    }

    async fn kept(&self, user: UserId) -> Result<Option<KeptStatus>, StoreError> {
        let read = query("select status, last_seen_at, role from users where id = ?1").bind(user.0);
        let Some(row) = read.fetch_optional(&self.readers).await? else { return Ok(None) };
        let last_seen = row.try_get::<Option<i64>, _>("last_seen_at")?.map(UnixMs);
        let (chosen, role) = (from_word(row.try_get("status")?)?, from_word(row.try_get("role")?)?);
        Ok(Some(KeptStatus { chosen, last_seen, role }))
    }

    async fn seen(&self, user: UserId, at: UnixMs) -> Result<(), StoreError> {
        let set = query(
            "update users set last_seen_at = ?2 \
             where id = ?1 and (last_seen_at is null or last_seen_at < ?2)",
        );
        set.bind(user.0).bind(at.0).execute(&self.writer).await?;
        Ok(())
    }

    async fn heard(&self, users: &[(UserId, UnixMs)]) -> Result<(), StoreError> {
        let users = serde_json::Value::from_iter(users.iter().map(|(user, at)| vec![user.0, at.0]));
        query(HEARD).bind(users.to_string()).execute(&self.writer).await?;
        Ok(())
    }

    async fn contacts(&self, user: UserId, scope: ContactScope) -> Result<Vec<UserId>, StoreError> {
        let found: Vec<i64> = query_scalar(CONTACTS)
            .bind(user.0)
            .bind(scope.room_max_members)
            .bind(i64::from(scope.rooms))
            .bind(i64::from(scope.users))
            .fetch_all(&self.readers)
            .await?;
        Ok(found.into_iter().map(UserId).collect())
    }
}
