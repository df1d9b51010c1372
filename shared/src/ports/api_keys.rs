use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::identity::Permission;
use crate::ids::{ApiKeyId, UserId};
use crate::model::{Account, ApiKeyRecord, Listing, Page};

/// How often it is noted that a key was used, in milliseconds: not at every request.
pub const KEY_USE_NOTED_MS: i64 = 60_000;

/// A key that was made and is about to be kept.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Of the role `service`.
    pub account: UserId,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the key.
    pub digest: [u8; 32],
    /// Its last characters.
    pub hint: String,
    pub permissions: Vec<Permission>,
    pub expires_at: Option<UnixMs>,
    pub made_by: UserId,
}

#[derive(Debug, thiserror::Error)]
pub enum ApiKeysError {
    /// Of the account, or of the key.
    #[error("no such service account or key")]
    NotFound,
    #[error("{0} keys at most")]
    Full(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Service accounts and the keys that they show.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Accounts of the role `service`, by id.
    async fn service_accounts(&self, page: Page) -> Result<Listing<Account>, StoreError>;

    /// # Errors
    /// `NotFound` when the account isn't one of a service; `Full` at `most` keys that are in force.
    async fn add_key(&self, new: &NewApiKey, most: u32, now: UnixMs) -> Result<ApiKeyRecord, ApiKeysError>;

    /// Every key of an account, newest first, revoked ones as well.
    async fn keys(&self, account: UserId) -> Result<Vec<ApiKeyRecord>, StoreError>;

    /// Takes a key out of force, and revokes the account's tokens, as sockets are known by them.
    ///
    /// # Errors
    /// `NotFound`, also of a key that was revoked before.
    async fn revoke_key(&self, account: UserId, key: ApiKeyId, now: UnixMs) -> Result<(), ApiKeysError>;

    /// The account and the key of that digest while it is in force, noting its use at most once in
    /// [`KEY_USE_NOTED_MS`].
    async fn redeem_key(
        &self,
        digest: &[u8; 32],
        now: UnixMs,
    ) -> Result<Option<(Account, ApiKeyRecord)>, StoreError>;
}
