//! Service accounts and their keys.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{ApiKeyId, UserId};
use shared::model::{Account, ApiKeyRecord, Listing, Page};
use shared::ports::{ApiKeys, ApiKeysError, KEY_USE_NOTED_MS, NewApiKey, StoreError};
use shared::sql::storable;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, accounts, rows};

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
    ", count(*) over () as total from users where role = 'service' and not deleted \
     order by id limit ?1 offset ?2"
);

/// No row when there are as many in force as may be.
const ADD: &str = concat!(
    "
insert into api_keys (user_id, name, digest, hint, permissions, created_by, created_at, expires_at)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
where (
    select count(*) from api_keys
    where user_id = ?1 and revoked_at is null and coalesce(expires_at > ?7, true)
) < ?9
returning ",
    key_columns!()
);

const KEYS: &str =
    concat!("select ", key_columns!(), " from api_keys where user_id = ?1 order by api_keys.id desc");

const REVOKE: &str =
    "update api_keys set revoked_at = ?3 where id = ?2 and user_id = ?1 and revoked_at is null";
const REVOKE_TOKENS: &str =
    "update users set token_version = token_version + 1, revoked_at = ?2 where id = ?1";

const IN_FORCE: &str = concat!(
    "
with found as (
    select ",
    key_columns!(),
    " from api_keys
    where digest = ?1 and revoked_at is null and coalesce(expires_at > ?2, true)
)
select found.*, ",
    accounts::account_columns!(),
    " from found join users on users.id = found.user_id where not deleted"
);
/// Not by the same statement, as here only one at a time writes.
const USED: &str =
    "update api_keys set last_used_at = ?2 where id = ?1 and coalesce(last_used_at <= ?3, true)";

#[async_trait]
impl ApiKeys for Sqlite {
    async fn service_accounts(&self, page: Page) -> Result<Listing<Account>, StoreError> {
        let read = query(ACCOUNTS).bind(i64::from(page.size)).bind(page.offset());
        let rows = read.fetch_all(&self.readers).await?;
        let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
        Ok(Listing { items: rows.iter().map(rows::account).collect::<Result<_, _>>()?, total })
    }

    async fn add_key(&self, new: &NewApiKey, most: u32, now: UnixMs) -> Result<ApiKeyRecord, ApiKeysError> {
        self.transact(async |connection| {
            let is_service = "select 1 from users where id = ?1 and role = 'service' and not deleted";
            let account: Option<i64> =
                query_scalar(is_service).bind(new.account.0).fetch_optional(&mut *connection).await?;
            account.ok_or(ApiKeysError::NotFound)?;
            let add = query(ADD)
                .bind(new.account.0)
                .bind(storable(&new.name))
                .bind(new.digest.as_slice())
                .bind(storable(&new.hint))
                .bind(Json(&new.permissions))
                .bind(new.made_by.0)
                .bind(now.0)
                .bind(new.expires_at.map(|at| at.0))
                .bind(i64::from(most));
            let row = add.fetch_optional(connection).await?;
            Ok(key(&row.ok_or(ApiKeysError::Full(most))?)?)
        })
        .await
    }

    async fn keys(&self, account: UserId) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let rows = query(KEYS).bind(account.0).fetch_all(&self.readers).await?;
        Ok(rows.iter().map(key).collect::<Result<_, _>>()?)
    }

    async fn revoke_key(&self, account: UserId, id: ApiKeyId, now: UnixMs) -> Result<(), ApiKeysError> {
        self.transact(async |connection| {
            let revoke = query(REVOKE).bind(account.0).bind(id.0).bind(now.0);
            if revoke.execute(&mut *connection).await?.rows_affected() == 0 {
                return Err(ApiKeysError::NotFound);
            }
            query(REVOKE_TOKENS).bind(account.0).bind(now.0).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn redeem_key(
        &self,
        digest: &[u8; 32],
        now: UnixMs,
    ) -> Result<Option<(Account, ApiKeyRecord)>, StoreError> {
        let found = query(IN_FORCE).bind(digest.as_slice()).bind(now.0).fetch_optional(&self.readers).await?;
        let Some(row) = found else { return Ok(None) };
        let record = key(&row)?;
        if record.last_used_at.is_none_or(|used| now.0 - used.0 >= KEY_USE_NOTED_MS) {
            let used = query(USED).bind(record.id.0).bind(now.0).bind(now.0 - KEY_USE_NOTED_MS);
            used.execute(&self.writer).await?;
        }
        Ok(Some((rows::account(&row)?, record)))
    }
}

fn key(row: &SqliteRow) -> Result<ApiKeyRecord, sqlx::Error> {
    let time = |name: &str| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(name)?.map(UnixMs));
    let Json(permissions) = row.try_get("permissions")?;
    Ok(ApiKeyRecord {
        id: ApiKeyId(row.try_get("key_id")?),
        name: row.try_get("key_name")?,
        hint: row.try_get("hint")?,
        permissions,
        created_at: UnixMs(row.try_get("key_created_at")?),
        expires_at: time("key_expires_at")?,
        revoked_at: time("key_revoked_at")?,
        last_used_at: time("last_used_at")?,
    })
}
