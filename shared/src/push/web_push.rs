use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Request};
use http_body_util::Full;
use web_push_native::encrypt;

use super::endpoint::{PushEndpoint, networks};
use super::notice::PushNotice;
use crate::clock::UnixMs;
use crate::config::{PushConfig, VapidConfig};
use crate::ports::{PushError, PushSubscription};
use crate::webhook::Outbound;

/// Pushes to browsers and phones through their push services (RFC 8030).
pub struct WebPush {
    vapid: VapidConfig,
    time_to_live: Duration,
    allow_private: bool,
    deadline: Duration,
    client: Outbound,
}

impl WebPush {
    #[must_use]
    pub fn new(vapid: VapidConfig, config: &PushConfig) -> Self {
        Self {
            vapid,
            time_to_live: config.time_to_live,
            allow_private: config.allow_private,
            deadline: config.deadline,
            client: Outbound::new(networks(config.allow_private)),
        }
    }

    #[must_use]
    pub fn public_key(&self) -> &str {
        self.vapid.key.public_key()
    }

    /// # Errors
    /// As [`crate::ports::OfflinePush::to_device`].
    pub async fn push(
        &self,
        device: &PushSubscription,
        notice: &PushNotice,
        now: UnixMs,
    ) -> Result<(), PushError> {
        let request = self.request(device, notice, now).map_err(PushError::Refused)?;
        match self.client.status(request, self.deadline).await {
            Ok(status) => of_status(status),
            Err(error) => Err(PushError::Later(error.to_string())),
        }
    }

    fn request(
        &self,
        device: &PushSubscription,
        notice: &PushNotice,
        now: UnixMs,
    ) -> Result<Request<Full<Bytes>>, String> {
        let endpoint = PushEndpoint::parse(&device.endpoint, self.allow_private)?;
        let text = serde_json::to_vec(notice).map_err(|error| error.to_string())?;
        let body = encrypt(text, device.key.public_key(), &device.auth.to_auth());
        let authorization = self.vapid.key.authorization(&endpoint, &self.vapid.subject, now);
        Request::post(endpoint.uri())
            .header("TTL", self.time_to_live.as_secs())
            .header("Urgency", "high")
            // A push that was not shown yet gives way to a later one of the same room.
            .header("Topic", format!("hark-room-{}", notice.room_id))
            .header(AUTHORIZATION, authorization.map_err(|error| error.to_string())?)
            .header(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
            .body(Full::from(body.map_err(|error| error.to_string())?))
            .map_err(|error| error.to_string())
    }
}

/// What the status of a push service means (RFC 8030, section 5).
fn of_status(status: u16) -> Result<(), PushError> {
    match status {
        200..=299 => Ok(()),
        404 | 410 => Err(PushError::Gone),
        408 | 429 | 500..=599 => Err(PushError::Later(format!("it answered {status}"))),
        other => Err(PushError::Refused(format!("it answered {other}"))),
    }
}
