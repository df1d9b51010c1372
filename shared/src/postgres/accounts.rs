//! Users, their credentials and their tickets.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row, query, query_scalar};
use time::OffsetDateTime;

use super::times::{time_of, timestamp, unix_ms};
use super::{Postgres, rooms};
use crate::clock::UnixMs;
use crate::ids::{NameOr, UserId, UserRef};
use crate::model::{Account, ExternalIdentity, Role, User};
use crate::ports::{Accounts, AccountsError, NewAccount, ProfileChange, StoreError};
use crate::sql::{DELETED_USER, broken_rule, folded, from_word, storable, word};

/// The columns of an account of `users u`.
macro_rules! account_columns {
    () => {
        "u.id, u.username, u.nickname, u.email, u.role, u.token_version, u.revoked_at, u.created_at, u.password_hash, \
         (select max(b.until) from bans b where b.user_id = u.id and b.room_id is null) as banned_until"
    };
}
pub(super) use account_columns;

const CREATE: &str = concat!(
    "insert into users as u (username, username_folded, nickname, email, email_folded, password_hash, role, \
     created_at, issuer, external_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ",
    account_columns!()
);
const BY_ID: &str = concat!("select ", account_columns!(), " from users u where u.id = $1 and not u.deleted");
const BY_NAME: &str = concat!("select ", account_columns!(), " from users u where u.username_folded = $1");
const BY_IDENTITY: &str =
    concat!("select ", account_columns!(), " from users u where u.issuer = $1 and u.external_id = $2");
const CHANGE_PROFILE: &str = concat!(
    "update users u set nickname = coalesce($2, u.nickname), email = coalesce($3, u.email), \
     email_folded = coalesce($4, u.email_folded) where u.id = $1 and not u.deleted returning ",
    account_columns!()
);
const REDEEM: &str = concat!(
    "with used as (delete from tickets where digest = $1 returning user_id, token_version, expires_at) select ",
    account_columns!(),
    " from used join users u on u.id = used.user_id where used.expires_at > $2 and not u.deleted \
     and coalesce(used.token_version, u.token_version) = u.token_version"
);
const ANONYMISE: &str = "
update users
set username = null, username_folded = null, nickname = $2, email = null, email_folded = null,
    password_hash = null, issuer = null, external_id = null, token_version = token_version + 1, revoked_at = $3, deleted = true
where id = $1 and not deleted";
/// Whom the desk may be about to seat somewhere, or to match, it can't while this holds it.
const HOLD_DESK: &str = "
select from desk
where exists (select from visitors where user_id = $1) or exists (select from staff where user_id = $1)
for update";
/// Whoever opens a session holds the visitor's row until the commit: once that is ours it shows what was opened
/// before, and nothing is opened after.
const IN_SESSION: &str = "select exists (select from sessions where visitor_id = $1 and state <> 'closed')";
/// Every admin's row is held, so that two who demote each other don't leave nobody.
const ADMINS: &str =
    "select id from users where role = 'admin' and not deleted order by id for no key update";
/// A role that is theirs already revokes nothing.
const SET_ROLE: &str = "
update users
set role = $2,
    token_version = token_version + (role <> $2)::int,
    revoked_at = case when role <> $2 then $3 else revoked_at end
where id = $1 and not deleted";

#[async_trait]
impl Accounts for Postgres {
    async fn create(&self, new: NewAccount, now: UnixMs) -> Result<Account, AccountsError> {
        self.run(async |connection| {
            let row = query(CREATE)
                .bind(storable(&new.username))
                .bind(folded(&new.username))
                .bind(storable(&new.nickname))
                .bind(new.email.as_deref().map(storable))
                .bind(new.email.as_deref().map(folded))
                .bind(new.password_hash.as_deref().map(storable))
                .bind(word(new.role))
                .bind(timestamp(now))
                .bind(new.external.as_ref().map(|identity| storable(&identity.issuer)))
                .bind(new.external.as_ref().map(|identity| storable(&identity.id)))
                .fetch_one(connection)
                .await
                .map_err(taken)?;
            Ok(account(&row)?)
        })
        .await
    }

    async fn external(&self, identity: &ExternalIdentity) -> Result<Option<Account>, StoreError> {
        self.run(async |connection| {
            let found = query(BY_IDENTITY).bind(storable(&identity.issuer)).bind(storable(&identity.id));
            let row = found.fetch_optional(connection).await?;
            row.as_ref().map(account).transpose()
        })
        .await
    }

    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.run(async |connection| {
            let row = query(BY_ID).bind(user.0).fetch_optional(connection).await?;
            row.as_ref().map(account).transpose()
        })
        .await
    }

    async fn find(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.run(async |connection| {
            let statement = match user {
                NameOr::Id(id) => query(BY_ID).bind(id.0),
                NameOr::Name(name) => query(BY_NAME).bind(folded(name)),
            };
            let row = statement.fetch_optional(connection).await?;
            row.map(|row| Ok(account(&row)?.user)).transpose()
        })
        .await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
        self.run(async |connection| {
            let rows = query(
                "select id, username, nickname from users where id = any($1) and not deleted order by id",
            )
            .bind(&ids)
            .fetch_all(connection)
            .await?;
            rows.iter().map(|row| Ok(user(row)?)).collect()
        })
        .await
    }

    async fn credentials(&self, username: &str) -> Result<Option<(Account, String)>, StoreError> {
        self.run(async |connection| {
            let row = query(BY_NAME).bind(folded(username)).fetch_optional(connection).await?;
            // Visitors have none, and log in by their key alone.
            let hash = |row: &PgRow| row.try_get::<Option<String>, _>("password_hash");
            let Some(row) = row else { return Ok(None) };
            hash(&row)?.map(|hash| Ok((account(&row)?, hash))).transpose()
        })
        .await
    }

    async fn change_profile(&self, user: UserId, change: ProfileChange) -> Result<Account, AccountsError> {
        self.run(async |connection| {
            let row = query(CHANGE_PROFILE)
                .bind(user.0)
                .bind(change.nickname.as_deref().map(storable))
                .bind(change.email.as_deref().map(storable))
                .bind(change.email.as_deref().map(folded))
                .fetch_optional(connection)
                .await
                .map_err(taken)?;
            Ok(account(&row.ok_or(AccountsError::NotFound)?)?)
        })
        .await
    }

    async fn set_password(
        &self,
        user: UserId,
        password_hash: &str,
        now: UnixMs,
    ) -> Result<(), AccountsError> {
        self.run(async |connection| {
            let done = query(
                "update users set password_hash = $2, token_version = token_version + 1, revoked_at = $3 \
                 where id = $1 and not deleted",
            )
            .bind(user.0)
            .bind(storable(password_hash))
            .bind(timestamp(now))
            .execute(connection)
            .await?;
            found(done.rows_affected())
        })
        .await
    }

    async fn revoke_tokens(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError> {
        self.run(async |connection| {
            let done = query(
                "update users set token_version = token_version + 1, revoked_at = $2 \
                 where id = $1 and not deleted",
            )
            .bind(user.0)
            .bind(timestamp(now))
            .execute(connection)
            .await?;
            found(done.rows_affected())
        })
        .await
    }

    async fn set_role(&self, user: UserId, role: Role, now: UnixMs) -> Result<(), AccountsError> {
        self.transact(async |connection| {
            let admins: Vec<i64> = query_scalar(ADMINS).fetch_all(&mut *connection).await?;
            if role != Role::Admin && admins == [user.0] {
                return Err(AccountsError::LastAdmin);
            }
            let update = query(SET_ROLE).bind(user.0).bind(word(role)).bind(timestamp(now));
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
        self.run(async |connection| {
            query("insert into tickets (digest, user_id, token_version, expires_at) values ($1, $2, $3, $4)")
                .bind(digest)
                .bind(user.0)
                .bind(token_version)
                .bind(timestamp(expires_at))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
    }

    async fn redeem_ticket(&self, digest: &[u8], now: UnixMs) -> Result<Option<Account>, StoreError> {
        self.run(async |connection| {
            let row = query(REDEEM).bind(digest).bind(timestamp(now)).fetch_optional(connection).await?;
            row.as_ref().map(account).transpose()
        })
        .await
    }

    async fn anonymise(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError> {
        // Once more when somebody added the user to a room meanwhile.
        while !self.run(async |connection| anonymise_once(connection, user, now).await).await? {}
        Ok(())
    }
}

/// False when nothing was done because the user came into a room that wasn't locked.
async fn anonymise_once(
    connection: &mut PgConnection,
    user: UserId,
    now: UnixMs,
) -> Result<bool, AccountsError> {
    let mut transaction = connection.begin().await?;
    let outcome = strip(&mut transaction, user, now).await;
    match outcome {
        Ok(true) => transaction.commit().await?,
        Ok(false) | Err(_) => transaction.rollback().await?,
    }
    outcome
}

/// Leaves every room, then strips the account: the order of locks is the desk, rooms, then user, as in every
/// change of members. Whoever adds the user holds their row until the commit, so that what was added before it
/// was ours shows in the last look, and nobody is added after.
async fn strip(connection: &mut PgConnection, user: UserId, now: UnixMs) -> Result<bool, AccountsError> {
    query(HOLD_DESK).bind(user.0).execute(&mut *connection).await?;
    rooms::leave_all(connection, user).await?;
    let strip = query(ANONYMISE).bind(user.0).bind(DELETED_USER).bind(timestamp(now));
    let done = strip.execute(&mut *connection).await?;
    found(done.rows_affected())?;
    let in_session = query_scalar(IN_SESSION).bind(user.0);
    if in_session.fetch_one(&mut *connection).await? {
        return Err(AccountsError::InSession);
    }
    query("delete from tickets where user_id = $1").bind(user.0).execute(&mut *connection).await?;
    query("delete from push_subscriptions where user_id = $1").bind(user.0).execute(&mut *connection).await?;
    for forget in [
        "delete from visitors where user_id = $1",
        "delete from staff where user_id = $1",
        "delete from api_keys where user_id = $1",
    ] {
        query(forget).bind(user.0).execute(&mut *connection).await?;
    }
    let blocks = query("delete from blocks where blocker_id = $1 or blocked_id = $1");
    blocks.bind(user.0).execute(&mut *connection).await?;
    let left = query_scalar("select not exists (select from room_members where user_id = $1)");
    Ok(left.bind(user.0).fetch_one(connection).await?)
}

/// The account of somebody who was just looked up.
pub(super) async fn by_id(connection: &mut PgConnection, user: UserId) -> Result<Account, StoreError> {
    account(&query(BY_ID).bind(user.0).fetch_one(connection).await?)
}

fn found(rows: u64) -> Result<(), AccountsError> {
    if rows == 0 { Err(AccountsError::NotFound) } else { Ok(()) }
}

fn taken(error: sqlx::Error) -> AccountsError {
    match broken_rule(&error) {
        Some("users_username_unique") => AccountsError::UsernameTaken,
        Some("users_identity_unique") => AccountsError::IdentityTaken,
        Some("users_email_unique") => AccountsError::EmailTaken,
        _ => error.into(),
    }
}

pub(super) fn account(row: &PgRow) -> Result<Account, StoreError> {
    let banned_until: Option<OffsetDateTime> = row.try_get("banned_until")?;
    let revoked_at: Option<OffsetDateTime> = row.try_get("revoked_at")?;
    Ok(Account {
        user: user(row)?,
        email: row.try_get("email")?,
        role: from_word(row.try_get("role")?)?,
        created_at: time_of(row, "created_at")?,
        token_version: row.try_get("token_version")?,
        revoked_at: revoked_at.map(unix_ms),
        banned_until: banned_until.map(unix_ms),
    })
}

fn user(row: &PgRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(row.try_get("id")?),
        username: row.try_get("username")?,
        nickname: row.try_get("nickname")?,
    })
}
