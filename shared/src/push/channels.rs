use async_trait::async_trait;

use super::notice::PushNotice;
use super::web_push::WebPush;
use super::webhook::PushWebhook;
use crate::clock::UnixMs;
use crate::config::PushConfig;
use crate::ids::UserId;
use crate::ports::{OfflinePush, PushError, PushSubscription, Reach};

/// The channels that are configured; none is one too many, none is missed.
#[derive(Default)]
pub struct PushChannels {
    web: Option<WebPush>,
    webhook: Option<PushWebhook>,
}

impl PushChannels {
    #[must_use]
    pub fn new(config: &PushConfig) -> Self {
        let web = config.vapid.clone().map(|vapid| WebPush::new(vapid, config));
        let webhook = config.webhook.as_ref().map(|webhook| PushWebhook::new(webhook, config.deadline));
        Self { web, webhook }
    }
}

#[async_trait]
impl OfflinePush for PushChannels {
    fn reach(&self) -> Reach {
        Reach { devices: self.web.is_some(), webhook: self.webhook.is_some() }
    }

    fn public_key(&self) -> Option<&str> {
        self.web.as_ref().map(WebPush::public_key)
    }

    async fn to_device(
        &self,
        device: &PushSubscription,
        notice: &PushNotice,
        now: UnixMs,
    ) -> Result<(), PushError> {
        match &self.web {
            Some(web) => web.push(device, notice, now).await,
            None => Ok(()),
        }
    }

    async fn to_webhook(&self, user: UserId, notice: &PushNotice, now: UnixMs) -> Result<(), PushError> {
        match &self.webhook {
            Some(webhook) => webhook.push(user, notice, now).await,
            None => Ok(()),
        }
    }
}
