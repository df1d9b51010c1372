use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::{PushSubscriptionId, UserId};
use crate::push::{AuthSecret, DeviceKey};

/// A device as its browser described it.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// Where its push service takes pushes; unique.
    pub endpoint: String,
    pub key: DeviceKey,
    pub auth: AuthSecret,
    /// Not pushed to from then on.
    pub expires_at: Option<UnixMs>,
    /// The client's name for it.
    pub device: Option<String>,
}

/// A device that takes pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PushSubscription {
    pub id: PushSubscriptionId,
    pub endpoint: String,
    #[serde(skip)]
    pub key: DeviceKey,
    #[serde(skip)]
    pub auth: AuthSecret,
    #[schema(required)]
    pub expires_at: Option<UnixMs>,
    #[schema(required)]
    pub device: Option<String>,
    pub created_at: UnixMs,
}

#[derive(Debug, thiserror::Error)]
pub enum SubscriptionsError {
    #[error("no such user")]
    NoUser,
    #[error("{0} subscriptions at most")]
    Full(u32),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The devices of each user. What revokes a user's tokens ends their subscriptions, too: they count only
/// under the `token_version` that they were made under.
#[async_trait]
pub trait PushSubscriptions: Send + Sync {
    /// Keeps a device; an endpoint that is known is described anew, and becomes this user's.
    ///
    /// # Errors
    /// `Full` beyond `max` devices of the user; nothing is written then. `NoUser`.
    async fn subscribe(
        &self,
        user: UserId,
        new: &NewSubscription,
        max: u32,
        now: UnixMs,
    ) -> Result<PushSubscription, SubscriptionsError>;

    /// The user's devices that haven't expired, oldest first.
    async fn subscriptions(&self, user: UserId, now: UnixMs) -> Result<Vec<PushSubscription>, StoreError>;

    /// Forgets a device of the user; whether there was one.
    async fn unsubscribe(&self, user: UserId, subscription: PushSubscriptionId) -> Result<bool, StoreError>;
}
