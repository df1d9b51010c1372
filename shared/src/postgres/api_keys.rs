//! Service accounts and their keys.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Row, query};
use time::OffsetDateTime;

use super::times::{time_of, timestamp, unix_ms};
use super::{Postgres, accounts};
use crate::clock::UnixMs;
use crate::ids::{ApiKeyId, UserId};
use crate::model::{Account, ApiKeyRecord, Listing, Page};
use crate::ports::{ApiKeys, ApiKeysError, KEY_USE_NOTED_MS, NewApiKey, StoreError};
use crate::sql::storable;

/// Its columns by names that nothing of an account goes by.
macro_rules! key_columns {
    () => {
        "user_id, id as key_id, name as key_name, hint, permissions, created_at as key_created_at, \
         expires_at as key_expires_at, revoked_at as key_revoked_at, last_used_at"
    };
}

const ACCOUNTS: &str = concat!(
    "select ",
    accounts::account_columns!(),
    ", count(*) over () as total from users u where u.role = 'service' and not u.deleted \
     order by u.id limit $1 offset $2"
);

/// Held, so that of several keys made at once each is counted.
const HOLD: &str = "select id from users where id = $1 and role = 'service' and not deleted for update";

/// No row when there are as many in force as may be.
const ADD: &str = concat!(
    "
insert into api_keys (user_id, name, digest, hint, permissions, created_by, created_at, expires_at)
select $1, $2, $3, $4, $5, $6, $7, $8
where (
    select count(*) from api_keys
    where user_id = $1 and revoked_at is null and coalesce(expires_at > $7, true)
) < $9::bigint
returning ",
    key_columns!()
);

const KEYS: &str =
    concat!("select ", key_columns!(), " from api_keys where user_id = $1 order by api_keys.id desc");

const REVOKE: &str = "
with revoked as (
    update api_keys set revoked_at = $3 where id = $2 and user_id = $1 and revoked_at is null returning user_id
)
update users set token_version = token_version + 1, revoked_at = $3
where id in (select user_id from revoked)";

const REDEEM: &str = concat!(
    "
with found as (
    select ",
    key_columns!(),
    " from api_keys
    where digest = $1 and revoked_at is null and coalesce(expires_at > $2, true)
), used as (
    update api_keys set last_used_at = $2
    where id in (select key_id from found where coalesce(last_used_at <= $3, true))
)
select found.*, ",
    accounts::account_columns!(),
    " from found join users u on u.id = found.user_id where not u.deleted"
);

#[async_trait]
impl ApiKeys for Postgres {
    async fn service_accounts(&self, page: Page) -> Result<Listing<Account>, StoreError> {
        self.run(async |connection| {
            let read = query(ACCOUNTS).bind(i64::from(page.size)).bind(page.offset());
            let rows = read.fetch_all(connection).await?;
            let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
            Ok(Listing { items: rows.iter().map(accounts::account).collect::<Result<_, _>>()?, total })
        })
        .await
    }

    async fn add_key(&self, new: &NewApiKey, most: u32, now: UnixMs) -> Result<ApiKeyRecord, ApiKeysError> {
        self.transact(async |connection| {
            let account = query(HOLD).bind(new.account.0).fetch_optional(&mut *connection).await?;
            account.ok_or(ApiKeysError::NotFound)?;
            let add = query(ADD)
                .bind(new.account.0)
                .bind(storable(&new.name))
                .bind(new.digest.as_slice())
                .bind(storable(&new.hint))
                .bind(Json(&new.permissions))
                .bind(new.made_by.0)
                .bind(timestamp(now))
                .bind(new.expires_at.map(timestamp))
                .bind(i64::from(most));
            let row = add.fetch_optional(connection).await?;
            Ok(key(&row.ok_or(ApiKeysError::Full(most))?)?)
        })
        .await
    }

    async fn keys(&self, account: UserId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        self.run(async |connection| {
            let rows = query(KEYS).bind(account.0).fetch_all(connection).await?;
            Ok(rows.iter().map(key).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_key(&self, account: UserId, id: ApiKeyId, now: UnixMs) -> Result<(), ApiKeysError> {
        self.run(async |connection| {
            let revoke = query(REVOKE).bind(account.0).bind(id.0).bind(timestamp(now));
            let done = revoke.execute(connection).await?;
            if done.rows_affected() == 0 { Err(ApiKeysError::NotFound) } else { Ok(()) }
        })
        .await
    }

    async fn redeem_key(
        &self,
        digest: &[u8; 32],
        now: UnixMs,
    ) -> Result<Option<(Account, ApiKeyRecord)>, StoreError> {
        self.run(async |connection| {
            let redeem = query(REDEEM)
                .bind(digest.as_slice())
                .bind(timestamp(now))
                .bind(timestamp(now.plus(-KEY_USE_NOTED_MS)));
            let row = redeem.fetch_optional(connection).await?;
            row.map(|row| Ok((accounts::account(&row)?, key(&row)?))).transpose()
        })
        .await
    }
}

fn key(row: &PgRow) -> Result<ApiKeyRecord, sqlx::Error> {
    let time =
        |name: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<OffsetDateTime>, _>(name)?.map(unix_ms));
    let Json(permissions) = row.try_get("permissions")?;
    Ok(ApiKeyRecord {
        id: ApiKeyId(row.try_get("key_id")?),
        name: row.try_get("key_name")?,
        hint: row.try_get("hint")?,
        permissions,
        created_at: time_of(row, "key_created_at")?,
        expires_at: time("key_expires_at")?,
        revoked_at: time("key_revoked_at")?,
        last_used_at: time("last_used_at")?,
    })
}
