//! Users, their credentials and their tickets.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{NameOr, UserId, UserRef};
use shared::model::{Account, ExternalIdentity, Role, User};
use shared::ports::{Accounts, AccountsError, NewAccount, ProfileChange, StoreError};
use shared::sql::{DELETED_USER, broken_rule, folded, storable, word};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, json_list, rooms, rows};

/// The columns of an account of `users`.
macro_rules! account_columns {
    () => {
        "id, username, nickname, email, role, token_version, revoked_at, created_at, password_hash, \
         (select max(b.until) from bans b where b.user_id = users.id and b.room_id is null) as banned_until"
    };
}
pub(super) use account_columns;

const CREATE: &str = concat!(
    "insert into users (username, username_folded, nickname, email, email_folded, password_hash, role, \
     created_at, issuer, external_id) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) returning ",
    account_columns!()
);
const BY_ID: &str = concat!("select ", account_columns!(), " from users where id = ?1 and not deleted");
const BY_NAME: &str = concat!("select ", account_columns!(), " from users where username_folded = ?1");
const BY_IDENTITY: &str =
    concat!("select ", account_columns!(), " from users where issuer = ?1 and external_id = ?2");
const CHANGE_PROFILE: &str = concat!(
    "update users set nickname = coalesce(?2, nickname), email = coalesce(?3, email), \
     email_folded = coalesce(?4, email_folded) where id = ?1 and not deleted returning ",
    account_columns!()
);
const ANONYMISE: &str = "
update users
set username = null, username_folded = null, nickname = ?2, email = null, email_folded = null,
    password_hash = null, issuer = null, external_id = null, token_version = token_version + 1, revoked_at = ?3, deleted = true
where id = ?1 and not deleted";
const ADMINS: &str = "select id from users where role = 'admin' and not deleted";
/// A role that is theirs already revokes nothing.
const SET_ROLE: &str = "
update users
set role = ?2,
    token_version = token_version + (role <> ?2),
    revoked_at = case when role <> ?2 then ?3 else revoked_at end
where id = ?1 and not deleted";

#[async_trait]
impl Accounts for Sqlite {
    async fn create(&self, new: NewAccount, now: UnixMs) -> Result<Account, AccountsError> {
        let row = query(CREATE)
            .bind(storable(&new.username))
            .bind(folded(&new.username))
            .bind(storable(&new.nickname))
            .bind(new.email.as_deref().map(storable))
            .bind(new.email.as_deref().map(folded))
            .bind(new.password_hash.as_deref().map(storable))
            .bind(word(new.role))
            .bind(now.0)
            .bind(new.external.as_ref().map(|identity| storable(&identity.issuer)))
            .bind(new.external.as_ref().map(|identity| storable(&identity.id)))
            .fetch_one(&self.writer)
            .await
            .map_err(taken)?;
        Ok(rows::account(&row)?)
    }

    async fn external(&self, identity: &ExternalIdentity) -> Result<Option<Account>, StoreError> {
        let found = query(BY_IDENTITY).bind(storable(&identity.issuer)).bind(storable(&identity.id));
        let row = found.fetch_optional(&self.readers).await?;
        row.as_ref().map(rows::account).transpose()
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        let row = query(BY_ID).bind(user.0).fetch_optional(&self.readers).await?;
        row.as_ref().map(rows::account).transpose()
    }

    async fn find(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        let statement = match user {
            NameOr::Id(id) => query(BY_ID).bind(id.0),
            NameOr::Name(name) => query(BY_NAME).bind(folded(name)),
        };
        let row = statement.fetch_optional(&self.readers).await?;
        row.map(|row| Ok(rows::account(&row)?.user)).transpose()
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError> {
        let rows = query(
            "select id, username, nickname from users \
             where id in (select value from json_each(?1)) and not deleted order by id",
        )
        .bind(json_list(users.iter().map(|user| user.0)))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(rows::user(row)?)).collect()
    }

    async fn credentials(&self, username: &str) -> Result<Option<(Account, String)>, StoreError> {
        let row = query(BY_NAME).bind(folded(username)).fetch_optional(&self.readers).await?;
        // Visitors have none, and log in by their key alone.
        let Some(row) = row else { return Ok(None) };
        let hash: Option<String> = row.try_get("password_hash")?;
        hash.map(|hash| Ok((rows::account(&row)?, hash))).transpose()
    }

    async fn change_profile(&self, user: UserId, change: ProfileChange) -> Result<Account, AccountsError> {
        let row = query(CHANGE_PROFILE)
            .bind(user.0)
            .bind(change.nickname.as_deref().map(storable))
            .bind(change.email.as_deref().map(storable))
            .bind(change.email.as_deref().map(folded))
            .fetch_optional(&self.writer)
            .await
            .map_err(taken)?;
        Ok(rows::account(&row.ok_or(AccountsError::NotFound)?)?)
    }

    async fn set_password(
        &self,
        user: UserId,
        password_hash: &str,
        now: UnixMs,
    ) -> Result<(), AccountsError> {
        let done = query(
            "update users set password_hash = ?2, token_version = token_version + 1, revoked_at = ?3 \
             where id = ?1 and not deleted",
        )
        .bind(user.0)
        .bind(storable(password_hash))
        .bind(now.0)
        .execute(&self.writer)
        .await?;
        found(done.rows_affected())
    }

    async fn revoke_tokens(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError> {
        let done = query(
            "update users set token_version = token_version + 1, revoked_at = ?2 \
             where id = ?1 and not deleted",
        )
        .bind(user.0)
        .bind(now.0)
        .execute(&self.writer)
        .await?;
        found(done.rows_affected())
    }

    async fn set_role(&self, user: UserId, role: Role, now: UnixMs) -> Result<(), AccountsError> {
        self.transact(async |connection| {
            let admins: Vec<i64> = query_scalar(ADMINS).fetch_all(&mut *connection).await?;
            if role != Role::Admin && admins == [user.0] {
                return Err(AccountsError::LastAdmin);
            }
            let update = query(SET_ROLE).bind(user.0).bind(word(role)).bind(now.0);
            found(update.execute(connection).await?.rows_affected())
        })
        .await
    }

    async fn issue_ticket(
        &self,
        digest: &[u8],
        user: UserId,
        token_version: i64,
        expires_at: UnixMs,
    ) -> Result<(), StoreError> {
        query("insert into tickets (digest, user_id, token_version, expires_at) values (?1, ?2, ?3, ?4)")
            .bind(digest)
            .bind(user.0)
            .bind(token_version)
            .bind(expires_at.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn redeem_ticket(&self, digest: &[u8], now: UnixMs) -> Result<Option<Account>, StoreError> {
        let used =
            query("delete from tickets where digest = ?1 returning user_id, token_version, expires_at")
                .bind(digest)
                .fetch_optional(&self.writer)
                .await?;
        let Some(row) = used else { return Ok(None) };
        if row.try_get::<i64, _>("expires_at")? <= now.0 {
            return Ok(None);
        }
        let account = self.account(UserId(row.try_get("user_id")?)).await?;
        let issued_under: Option<i64> = row.try_get("token_version")?;
        Ok(account.filter(|account| issued_under.is_none_or(|version| version == account.token_version)))
    }

    async fn anonymise(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError> {
        self.transact(async |connection| anonymise(connection, user, now).await).await
    }
}

async fn anonymise(
    connection: &mut SqliteConnection,
    user: UserId,
    now: UnixMs,
) -> Result<(), AccountsError> {
    let in_session =
        query_scalar("select exists (select 1 from sessions where visitor_id = ?1 and state <> 'closed')");
    if in_session.bind(user.0).fetch_one(&mut *connection).await? {
        return Err(AccountsError::InSession);
    }
    rooms::leave_all(connection, user).await?;
    let strip = query(ANONYMISE).bind(user.0).bind(DELETED_USER).bind(now.0);
    let done = strip.execute(&mut *connection).await?;
    query("delete from tickets where user_id = ?1").bind(user.0).execute(&mut *connection).await?;
    query("delete from push_subscriptions where user_id = ?1").bind(user.0).execute(&mut *connection).await?;
    for forget in [
        "delete from visitors where user_id = ?1",
        "delete from staff where user_id = ?1",
        "delete from api_keys where user_id = ?1",
    ] {
        query(forget).bind(user.0).execute(&mut *connection).await?;
    }
    let blocks = query("delete from blocks where blocker_id = ?1 or blocked_id = ?1");
    blocks.bind(user.0).execute(connection).await?;
    found(done.rows_affected())
}

/// The account of somebody who was just looked up.
pub(super) async fn by_id(connection: &mut SqliteConnection, user: UserId) -> Result<Account, StoreError> {
    rows::account(&query(BY_ID).bind(user.0).fetch_one(connection).await?)
}

fn found(rows: u64) -> Result<(), AccountsError> {
    if rows == 0 { Err(AccountsError::NotFound) } else { Ok(()) }
}

fn taken(error: sqlx::Error) -> AccountsError {
    match broken_rule(&error) {
        Some(rule) if rule.contains("username_folded") => AccountsError::UsernameTaken,
        Some(rule) if rule.contains("external_id") => AccountsError::IdentityTaken,
        Some(rule) if rule.contains("email_folded") => AccountsError::EmailTaken,
        _ => error.into(),
    }
}
