//! The database as a whole: its schema, its state, which one it is.

use async_trait::async_trait;
use shared::ports::{Database, StoreError};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, query_scalar, raw_sql};
use uuid::Uuid;

use super::Sqlite;

/// The schema by `user_version`: a file of version n gets the scripts from the nth on.
const SCHEMA: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("entries.sql"),
    include_str!("revocation.sql"),
    include_str!("push.sql"),
    include_str!("flags.sql"),
    include_str!("retention.sql"),
    include_str!("blocks.sql"),
    include_str!("search.sql"),
    include_str!("status.sql"),
    include_str!("reconnect.sql"),
    include_str!("support.sql"),
    include_str!("statistics/schema.sql"),
    include_str!("services/schema.sql"),
    include_str!("events.sql"),
    include_str!("identity.sql"),
    include_str!("services/owners.sql"),
];

/// The update changes nothing: it makes the row that is there the answer.
const KEEP_SETTING: &str = "
insert into settings (name, value) values (?1, ?2)
on conflict (name) do update set name = excluded.name
returning value";

impl Sqlite {
    /// Which database this is; another for every file.
    ///
    /// # Errors
    /// As any operation.
    pub async fn epoch(&self) -> Result<Uuid, StoreError> {
        Ok(query_scalar("select id from epoch").fetch_one(&self.readers).await?)
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn migrate(&self) -> Result<(), StoreError> {
        self.transact(async |connection| upgrade(connection).await).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.epoch().await.map(drop)
    }

    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let kept = query_scalar(KEEP_SETTING).bind(name).bind(value);
        Ok(kept.fetch_one(&self.writer).await?)
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = query_scalar("select value from settings where name = ?1").bind(name);
        Ok(value.fetch_optional(&self.readers).await?)
    }
}

async fn upgrade(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: i64 =
        query_scalar("select user_version from pragma_user_version").fetch_one(&mut *connection).await?;
    let known = usize::try_from(version).ok().and_then(|version| SCHEMA.get(version..));
    let scripts = known.ok_or_else(|| {
        StoreError::Internal(format!("the file has schema {version}, this build knows {}", SCHEMA.len()))
    })?;
    for script in scripts {
        raw_sql(*script).execute(&mut *connection).await?;
    }
    let set = AssertSqlSafe(format!("pragma user_version = {}", SCHEMA.len()));
    raw_sql(set).execute(connection).await?;
    Ok(())
}
