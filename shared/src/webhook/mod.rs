//! Webhooks as Standard Webhooks describes them: <https://www.standardwebhooks.com>.

mod client;
mod signature;

pub use client::{WebhookAnswer, WebhookClient, WebhookError};
pub use signature::{SECRET_PREFIX, SigningSecret};
