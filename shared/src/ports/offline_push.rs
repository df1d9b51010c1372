use async_trait::async_trait;

use super::PushSubscription;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::push::PushNotice;

/// Which ways there are to reach somebody without a live connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Those who have subscribed a device.
    pub devices: bool,
    /// Everyone, by the operator's own server.
    pub webhook: bool,
}

impl Reach {
    /// There is none: nothing has to be looked up.
    #[must_use]
    pub fn is_nobody(self) -> bool {
        !self.devices && !self.webhook
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// 404 or 410: the device has unsubscribed.
    #[error("the subscription is gone")]
    Gone,
    /// 429, 5xx or no answer: a later try may work.
    #[error("not taken for now: {0}")]
    Later(String),
    /// No retry will change it.
    #[error("refused: {0}")]
    Refused(String),
}

/// Reaches those who have no live connection.
#[async_trait]
pub trait OfflinePush: Send + Sync {
    fn reach(&self) -> Reach;

    /// What browsers need to subscribe; None without Web Push.
    fn public_key(&self) -> Option<&str>;

    /// Pushes to one device, within the port's own deadline.
    ///
    /// # Errors
    /// `Gone` when the device has to be forgotten, `Later`, `Refused`.
    async fn to_device(
        &self,
        device: &PushSubscription,
        notice: &PushNotice,
        now: UnixMs,
    ) -> Result<(), PushError>;

    /// Tells the operator's server, within the port's own deadline.
    ///
    /// # Errors
    /// `Later`, `Refused`.
    async fn to_webhook(&self, user: UserId, notice: &PushNotice, now: UnixMs) -> Result<(), PushError>;
}
