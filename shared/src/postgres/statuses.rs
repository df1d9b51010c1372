//! What users say of themselves, and who is told.

use async_trait::async_trait;
use sqlx::{Row, query, query_scalar};

use super::times::{timestamp, unix_ms};
use super::{Postgres, statements};
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::Status;
use crate::ports::{ContactScope, KeptStatus, Statuses, StoreError};
use crate::sql::{from_word, word};

const HEARD: &str = "
update users u
set heard_at = heard.at
from unnest($1::bigint[], $2::timestamptz[]) as heard (id, at),
    (select set_config('synchronous_commit', 'off', true)) soft
where u.id = heard.id and (u.heard_at is null or u.heard_at < heard.at)";

#[async_trait]
impl Statuses for Postgres {
    async fn choose(&self, user: UserId, status: Status) -> Result<(), StoreError> {
        self.run(async |connection| {
            let set = query("update users set status = $2 where id = $1").bind(user.0).bind(word(status));
            set.execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn kept(&self, user: UserId) -> Result<Option<KeptStatus>, StoreError> {
        self.run(async |connection| {
            let read = query("select status, last_seen_at, role from users where id = $1").bind(user.0);
            let Some(row) = read.fetch_optional(connection).await? else { return Ok(None) };
            let last_seen: Option<_> = row.try_get("last_seen_at")?;
            let last_seen = last_seen.map(unix_ms);
            let (chosen, role) = (from_word(row.try_get("status")?)?, from_word(row.try_get("role")?)?);
            Ok(Some(KeptStatus { chosen, last_seen, role }))
        })
        .await
    }

    async fn seen(&self, user: UserId, at: UnixMs) -> Result<(), StoreError> {
        self.run(async |connection| {
            let set = query(
                "update users set last_seen_at = $2 \
                 where id = $1 and (last_seen_at is null or last_seen_at < $2)",
            );
            set.bind(user.0).bind(timestamp(at)).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn heard(&self, users: &[(UserId, UnixMs)]) -> Result<(), StoreError> {
        let (ids, times): (Vec<i64>, Vec<_>) =
            users.iter().map(|(user, at)| (user.0, timestamp(*at))).unzip();
        self.run(async |connection| {
            query(HEARD).bind(&ids).bind(&times).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn contacts(&self, user: UserId, scope: ContactScope) -> Result<Vec<UserId>, StoreError> {
        self.run(async |connection| {
            let found: Vec<i64> = query_scalar(statements::CONTACTS)
                .bind(user.0)
                .bind(scope.room_max_members)
                .bind(i64::from(scope.rooms))
                .bind(i64::from(scope.users))
                .fetch_all(connection)
                .await?;
            Ok(found.into_iter().map(UserId).collect())
        })
        .await
    }
}
