//! `Connections` straight to the runner's sockets: a post is a send into a queue.

use crate::gateway::sockets::{self, Close, Inspection, Sockets};
use async_trait::async_trait;
use bytes::Bytes;
use shared::{
    clock::UnixMs,
    model::Address,
    ports::{ConnectionInfo, Connections, PostError},
};

/// The runner's own sockets. The endpoint of an address is not looked at: embedded there is only one.
pub struct LocalConnections {
    sockets: Sockets,
}

impl LocalConnections {
    /// Over `sockets`, which the gateway fills.
    pub fn new(sockets: Sockets) -> Self {
        Self { sockets }
    }
}

#[async_trait]
impl Connections for LocalConnections {
    async fn post(&self, to: &Address, frame: Bytes) -> Result<(), PostError> {
        self.sockets.post(&to.connection.0, frame).await.map_err(post_error)
    }

    async fn inspect(&self, connection: &Address) -> Result<ConnectionInfo, PostError> {
        let seen = self.sockets.inspect(&connection.connection.0);
        seen.map(info).ok_or(PostError::Gone)
    }

    async fn close(&self, connection: &Address) -> Result<(), PostError> {
        let closing = self.sockets.close(&connection.connection.0, Close::DELETED);
        closing.then_some(()).ok_or(PostError::Gone)
    }
}

fn post_error(error: sockets::PostError) -> PostError {
    match error {
        sockets::PostError::Gone => PostError::Gone,
        sockets::PostError::Throttled => PostError::Throttled,
        sockets::PostError::Unavailable => PostError::Unreachable(error.to_string()),
        sockets::PostError::TooLarge => PostError::TooLarge,
        // What API Gateway does with bytes that are no text is not told; a frame of ours always is.
        sockets::PostError::Forbidden | sockets::PostError::NotText => PostError::Forbidden,
    }
}

fn info(seen: Inspection) -> ConnectionInfo {
    ConnectionInfo {
        connected_at: UnixMs(seen.connected_at),
        last_active_at: UnixMs(seen.last_active_at),
        source_ip: seen.source_ip.to_string(),
        user_agent: (!seen.user_agent.is_empty()).then(|| seen.user_agent.into_string()),
    }
}
