//! What is pushed where nothing is configured: a line of the log.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::ports::{OfflinePush, PushError, PushSubscription, Reach};
use shared::push::PushNotice;

/// Says for whom a push would be, and no word of the message.
pub struct LoggedPush;

#[async_trait]
impl OfflinePush for LoggedPush {
    fn reach(&self) -> Reach {
        Reach { devices: true, webhook: false }
    }

    fn public_key(&self) -> Option<&str> {
        None
    }

    async fn to_device(
        &self,
        device: &PushSubscription,
        notice: &PushNotice,
        _: UnixMs,
    ) -> Result<(), PushError> {
        let (room, unread) = (notice.room_id, notice.count);
        tracing::info!(subscription = %device.id, %room, unread, "a push, if Web Push were configured");
        Ok(())
    }

    async fn to_webhook(&self, _: UserId, _: &PushNotice, _: UnixMs) -> Result<(), PushError> {
        Ok(())
    }
}
