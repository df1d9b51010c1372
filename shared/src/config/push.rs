use std::time::Duration;

use http::Uri;

use super::reader::Reader;
use crate::ports::Delay;
use crate::push::VapidKey;
use crate::webhook::SigningSecret;

/// Pushes to those who are away. Without a key and a webhook there are none.
#[derive(Debug, Clone)]
pub struct PushConfig {
    pub vapid: Option<VapidConfig>,
    pub webhook: Option<PushWebhookConfig>,
    /// `PUSH_DELAY_SECONDS` (5): 1, 5, 15 or 60; what is sent meanwhile is in the same push, and whoever
    /// reads it meanwhile gets none.
    pub delay: Delay,
    /// `PUSH_PREVIEW` (false): whether a push says how the message begins.
    pub preview: bool,
    /// `PUSH_ROOM_MAX_MEMBERS` (1,000): larger rooms push nothing.
    pub room_max_members: u32,
    /// `PUSH_SUBSCRIPTIONS_MAX` (10): devices of one user.
    pub subscriptions_max: u32,
    /// `PUSH_TTL_SECONDS` (86,400): how long a push service keeps a push for a device that is off.
    pub time_to_live: Duration,
    /// `PUSH_TIMEOUT_MS` (5,000) for one post.
    pub deadline: Duration,
    /// `PUSH_ALLOW_PRIVATE` (false): whether a subscription may lead to http and private addresses.
    pub allow_private: bool,
}

/// Web Push.
#[derive(Debug, Clone)]
pub struct VapidConfig {
    /// `PUSH_VAPID_PRIVATE_KEY`: the 32 bytes of a P-256 key in base64url.
    pub key: VapidKey,
    /// `PUSH_VAPID_SUBJECT`: whom a push service may write to, `mailto:` or `https:`.
    pub subject: String,
}

/// The operator's own server.
#[derive(Debug, Clone)]
pub struct PushWebhookConfig {
    /// `PUSH_WEBHOOK_URL`: `https://`, or `http://` inside a network of one's own.
    pub url: Uri,
    /// `PUSH_WEBHOOK_SECRET`: `whsec_` and 24 to 64 bytes in base64.
    pub secret: SigningSecret,
}

impl PushConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            vapid: vapid(reader),
            webhook: webhook(reader),
            delay: reader.delay("PUSH_DELAY_SECONDS", Delay::FiveSeconds),
            preview: reader.flag("PUSH_PREVIEW", false),
            room_max_members: reader.number("PUSH_ROOM_MAX_MEMBERS", 1_000, 2..=20_000),
            subscriptions_max: reader.number("PUSH_SUBSCRIPTIONS_MAX", 10, 1..=100),
            time_to_live: Duration::from_secs(reader.number("PUSH_TTL_SECONDS", 86_400, 0..=2_419_200)),
            deadline: Duration::from_millis(reader.number("PUSH_TIMEOUT_MS", 5_000, 100..=25_000)),
            allow_private: reader.flag("PUSH_ALLOW_PRIVATE", false),
        }
    }
}

fn vapid(reader: &mut Reader<'_>) -> Option<VapidConfig> {
    let (key, subject) = reader.both("PUSH_VAPID_PRIVATE_KEY", "PUSH_VAPID_SUBJECT")?;
    let key = VapidKey::parse(&key).map_err(|problem| reader.problem("PUSH_VAPID_PRIVATE_KEY", problem));
    if !subject.starts_with("mailto:") && !subject.starts_with("https:") {
        reader.problem("PUSH_VAPID_SUBJECT", "must begin with mailto: or https:");
    }
    Some(VapidConfig { key: key.ok()?, subject })
}

fn webhook(reader: &mut Reader<'_>) -> Option<PushWebhookConfig> {
    let (url, secret) = reader.both("PUSH_WEBHOOK_URL", "PUSH_WEBHOOK_SECRET")?;
    let url = reader.http_url("PUSH_WEBHOOK_URL", &url);
    let secret =
        SigningSecret::parse(&secret).map_err(|problem| reader.problem("PUSH_WEBHOOK_SECRET", problem));
    Some(PushWebhookConfig { url: url?, secret: secret.ok()? })
}
