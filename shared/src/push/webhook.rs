use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use serde::Serialize;

use super::notice::PushNotice;
use crate::clock::UnixMs;
use crate::config::PushWebhookConfig;
use crate::ids::UserId;
use crate::ports::PushError;
use crate::webhook::{Networks, Outbound, SigningSecret};

/// Tells the operator's own server, which then reaches the user in its own way.
pub struct PushWebhook {
    url: Uri,
    secret: SigningSecret,
    deadline: Duration,
    client: Outbound,
}

/// `type`, `timestamp` and `data`, as Standard Webhooks recommends.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    user_id: UserId,
    #[serde(flatten)]
    notice: &'a PushNotice,
}

impl PushWebhook {
    #[must_use]
    pub fn new(config: &PushWebhookConfig, deadline: Duration) -> Self {
        let PushWebhookConfig { url, secret } = config.clone();
        Self { url, secret, deadline, client: Outbound::new(Networks::Private) }
    }

    /// # Errors
    /// As [`crate::ports::OfflinePush::to_webhook`].
    pub async fn push(&self, user: UserId, notice: &PushNotice, now: UnixMs) -> Result<(), PushError> {
        let data = Data { user_id: user, notice };
        let payload = Payload { kind: "push.message", timestamp: now.rfc3339(), data };
        let body = serde_json::to_vec(&payload).map_err(|error| PushError::Refused(error.to_string()))?;
        let headers = self.secret.headers(&notice.id.to_string(), now, &body);
        match self.client.post_for_status(&self.url, headers, Bytes::from(body), self.deadline).await {
            Ok(status) => of_status(status),
            Err(error) => Err(PushError::Later(error.to_string())),
        }
    }
}

fn of_status(status: u16) -> Result<(), PushError> {
    match status {
        200..=299 => Ok(()),
        408 | 429 | 500..=599 => Err(PushError::Later(format!("it answered {status}"))),
        other => Err(PushError::Refused(format!("it answered {other}"))),
    }
}
