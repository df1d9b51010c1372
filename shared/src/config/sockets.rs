use std::time::Duration;

use super::reader::Reader;
use crate::ports::{ConnectionCaps, Delay};

/// API Gateway closes every socket after two hours; whatever is older has lost its `$disconnect`.
pub const ROUTING_TTL: Duration = Duration::from_secs(2 * 60 * 60);

#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// `ALLOWED_ORIGINS`: origins besides the API's own, comma separated; `*` allows all.
    pub allowed_origins: Vec<String>,
    /// `ENDPOINT_URL`: the `@connections` base URL of this API; unset, it is made of the event's domain
    /// and stage.
    pub endpoint_url: Option<String>,
    /// `WEBSOCKET_MAX_CONNECTIONS` (20,000): open ones of all users.
    pub max_connections: u32,
    /// `USER_MAX_CONNECTIONS` (20): open ones of one user.
    pub user_max_connections: u32,
    /// `WEBSOCKET_PING_INTERVAL` (30 s): how often clients are asked to send a heartbeat.
    pub ping_interval_s: u32,
    /// `PRESENCE_TTL` (300 s): how long a user counts as online after their last frame.
    pub presence_ttl: Duration,
    /// `OFFLINE_GRACE` (15 s): how long others are not told that a user's last connection closed.
    pub offline_grace: Delay,
}

impl SocketConfig {
    /// How many connections may be open.
    #[must_use]
    pub fn caps(&self) -> ConnectionCaps {
        ConnectionCaps { per_user: self.user_max_connections, overall: self.max_connections }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            allowed_origins: reader.list("ALLOWED_ORIGINS"),
            endpoint_url: reader.text("ENDPOINT_URL").map(|url| url.trim_end_matches('/').to_owned()),
            max_connections: reader.number("WEBSOCKET_MAX_CONNECTIONS", 20_000, 1..=100_000_000),
            user_max_connections: reader.number("USER_MAX_CONNECTIONS", 20, 1..=10_000),
            ping_interval_s: reader.number("WEBSOCKET_PING_INTERVAL", 30, 1..=600),
            presence_ttl: Duration::from_secs(reader.number("PRESENCE_TTL", 300, 1..=86_400)),
            offline_grace: reader.delay("OFFLINE_GRACE", Delay::FifteenSeconds),
        }
    }
}
