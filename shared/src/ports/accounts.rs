use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::{UserId, UserRef};
use crate::model::{Account, ExternalIdentity, Role, User};

/// A registration that has passed every check but uniqueness.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub username: String,
    pub nickname: String,
    pub email: Option<String>,
    /// A PHC string (argon2id); None: they don't log in by a password.
    pub password_hash: Option<String>,
    pub role: Role,
    /// Who they are for another issuer of tokens.
    pub external: Option<ExternalIdentity>,
}

/// What a user changes of their own record; None leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    pub nickname: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// User names are unique whatever their case.
    #[error("the user name is taken")]
    UsernameTaken,
    #[error("the email address is taken")]
    EmailTaken,
    /// Somebody else has it.
    #[error("the external identity is taken")]
    IdentityTaken,
    #[error("no such user")]
    NotFound,
    #[error("the last admin stays one")]
    LastAdmin,
    /// As the visitor of it.
    #[error("a session of customer service is open")]
    InSession,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Users, their credentials and their single-use tickets.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// # Errors
    /// `UsernameTaken`, `EmailTaken`, `IdentityTaken`; nothing is written then.
    async fn create(&self, new: NewAccount, now: UnixMs) -> Result<Account, AccountsError>;

    /// The account by id; None also for one that was deleted.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// The account of who has that identity elsewhere.
    async fn external(&self, identity: &ExternalIdentity) -> Result<Option<Account>, StoreError>;

    /// Any user by id or name (whatever its case).
    async fn find(&self, user: &UserRef) -> Result<Option<User>, StoreError>;

    /// Those of the users that exist, in any order.
    async fn users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// The account of a user name (whatever its case) with its password hash.
    async fn credentials(&self, username: &str) -> Result<Option<(Account, String)>, StoreError>;

    /// # Errors
    /// `NotFound`, `EmailTaken`.
    async fn change_profile(&self, user: UserId, change: ProfileChange) -> Result<Account, AccountsError>;

    /// Sets the hash and revokes every token, as [`Accounts::revoke_tokens`].
    async fn set_password(&self, user: UserId, password_hash: &str, now: UnixMs)
    -> Result<(), AccountsError>;

    /// Raises `token_version`, which revokes every token made before, and notes when.
    async fn revoke_tokens(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError>;

    /// Gives the user another role and revokes every token; nothing happens when it is theirs already.
    ///
    /// # Errors
    /// `NotFound`; `LastAdmin` when nobody would be left who may give roles.
    async fn set_role(&self, user: UserId, role: Role, now: UnixMs) -> Result<(), AccountsError>;

    /// Keeps the digest of a ticket until `expires_at`, or until the tokens of `token_version` are revoked.
    async fn issue_ticket(
        &self,
        digest: &[u8],
        user: UserId,
        token_version: i64,
        expires_at: UnixMs,
    ) -> Result<(), StoreError>;

    /// Deletes the ticket as it reads it; None when unknown, used, past its time or revoked.
    async fn redeem_ticket(&self, digest: &[u8], now: UnixMs) -> Result<Option<Account>, StoreError>;

    /// Takes name, email and credentials off the account and leaves its messages to "deleted user";
    /// revokes every token and takes the user out of every room.
    ///
    /// # Errors
    /// `NotFound`; `InSession` while the user has a session that isn't closed, which would wait for ever.
    async fn anonymise(&self, user: UserId, now: UnixMs) -> Result<(), AccountsError>;
}
