//! The WebSocket front: the handshake, the route of each frame, and the end of a socket.

mod authorizer;
mod connection;
mod ending;
mod event;
mod handshake;
mod policy;
mod refusal;
mod route;

pub(super) use handshake::is_upgrade;

use super::{
    ids,
    sockets::{Close, Sockets},
};
use crate::{
    invoke::{FunctionError, Invoker, Trace},
    template::{WebSocketApi, WebSocketRoute},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// API Gateway's limits: a frame, a whole message.
const MAX_FRAME: usize = 32 * 1024;
const MAX_MESSAGE: usize = 128 * 1024;

/// How many messages of one connection are handled at once; then the socket isn't read until one is done.
const MAX_RUNNING: usize = 100;

/// Why the runner closes a socket when it stops, and when a limit of time is reached.
pub(super) const GOING_AWAY: Close = Close::new(1001, "Going away");

/// How long a socket may live.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest without a message either way.
    pub idle: Duration,
    /// The longest from the handshake on.
    pub life: Duration,
}

/// The WebSocket front of one API.
pub(super) struct WebSocketFront {
    pub(super) api: WebSocketApi,
    pub(super) invoker: Arc<dyn Invoker>,
    pub(super) sockets: Sockets,
    pub(super) limits: Limits,
    /// Everything that must be done before the runner has stopped.
    pub(super) tasks: TaskTracker,
    pub(super) stopping: CancellationToken,
}

impl WebSocketFront {
    async fn invoke(
        &self,
        route: &WebSocketRoute,
        event: Bytes,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError> {
        self.invoker.invoke_traced(&route.function, event, route.timeout, trace).await
    }

    fn context(&self) -> event::Api<'_> {
        event::Api { id: &self.api.id, stage: &self.api.stage, variables: &self.api.variables }
    }
}

/// Small buffers: the defaults of 128 KiB would cost 128 KiB for every idle socket.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(usize::MAX)
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE))
}

fn request_id() -> String {
    ids::request()
}
