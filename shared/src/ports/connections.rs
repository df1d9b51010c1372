use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::UnixMs;
use crate::model::Address;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// 410: the socket is closed (or its `$connect` has not returned yet).
    #[error("the connection is gone")]
    Gone,
    /// 429.
    #[error("throttled")]
    Throttled,
    /// 413.
    #[error("the frame is too large")]
    TooLarge,
    /// 403: the function's role or the endpoint is wrong.
    #[error("forbidden")]
    Forbidden,
    /// The endpoint didn't answer.
    #[error("the endpoint can't be reached: {0}")]
    Unreachable(String),
}

/// What the gateway knows of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    pub connected_at: UnixMs,
    pub last_active_at: UnixMs,
    pub source_ip: String,
    pub user_agent: Option<String>,
}

/// The gateway's `@connections`: posting to sockets, looking at them, closing them.
#[async_trait]
pub trait Connections: Send + Sync {
    /// Posts one frame to one socket. `Bytes` clones without copying, so one frame serves a room.
    async fn post(&self, to: &Address, frame: Bytes) -> Result<(), PostError>;

    async fn inspect(&self, connection: &Address) -> Result<ConnectionInfo, PostError>;

    async fn close(&self, connection: &Address) -> Result<(), PostError>;
}
