//! What Hark sends to other servers: webhooks as Standard Webhooks describes them
//! (<https://www.standardwebhooks.com>), and the one client for all that goes out.

mod address;
mod client;
mod connector;
mod networks;
mod signature;
mod silence;

pub use client::{Outbound, OutboundAnswer, OutboundError};
pub use networks::{Networks, URL_MAX_CHARS};
pub use signature::{SECRET_PREFIX, SigningSecret, signed};
