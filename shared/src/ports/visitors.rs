use async_trait::async_trait;
use serde_json::Value;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Account, Visitor};

/// Somebody who comes without an account.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// SHA-256 of the visitor's key.
    pub key_digest: [u8; 32],
    /// Of the account that is made when nobody came with this key before.
    pub username: String,
    /// None leaves the name that they had.
    pub nickname: Option<String>,
    /// None leaves as it is.
    pub page: Option<Value>,
    pub metadata: Option<Value>,
}

/// Visitors: users of the role `Visitor`, known by a key instead of a password.
#[async_trait]
pub trait Visitors: Send + Sync {
    /// The visitor of that key, made at the first time.
    async fn enter(&self, arrival: Arrival, now: UnixMs) -> Result<Account, StoreError>;

    /// None when the user is no visitor.
    async fn visitor(&self, user: UserId) -> Result<Option<Visitor>, StoreError>;

    /// Says where a visitor is now; None leaves as it is. False when the user is no visitor.
    async fn note_page(
        &self,
        user: UserId,
        page: Option<Value>,
        metadata: Option<Value>,
    ) -> Result<bool, StoreError>;
}
