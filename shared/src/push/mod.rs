//! Pushes to those who have no live connection: to browsers and phones by Web Push (RFC 8030), encrypted
//! for the device (RFC 8291) and signed (RFC 8292), and to the operator's own server by a webhook.

mod channels;
mod endpoint;
mod keys;
mod notice;
mod vapid;
mod web_push;
mod webhook;

pub use channels::PushChannels;
pub use endpoint::PushEndpoint;
pub use keys::{AuthSecret, DeviceKey};
pub use notice::{PREVIEW_MAX_CHARS, PushNotice};
pub use vapid::VapidKey;
pub use web_push::WebPush;
pub use webhook::PushWebhook;
