use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::config::Config;
use shared::frames::OUTGOING_FRAME_MAX_BYTES;
use shared::identity::{Caller, Permission};
use shared::names::{CONTENT_MAX_CHARS, METADATA_MAX_BYTES};
use utoipa::ToSchema;

use crate::online;

/// What API Gateway takes in one frame, in bytes
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
const FRAME_MAX_BYTES: usize = 32 * 1024;
/// And in a message of several frames.
const MESSAGE_MAX_BYTES: usize = 128 * 1024;

#[derive(Serialize, ToSchema)]
#[schema(as = SocketInfo)]
pub(crate) struct Info {
    /// Null while presence is away.
    #[schema(required)]
    connections: Option<i64>,
    #[schema(required)]
    online_users: Option<i64>,
    limits: Limits,
    outbox: Backlog,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SocketLimits)]
struct Limits {
    max_connections: u32,
    user_max_connections: u32,
    /// Seconds.
    ping_interval: u32,
    /// Seconds.
    presence_ttl: u64,
    frame_max_bytes: usize,
    message_max_bytes: usize,
    outgoing_frame_max_bytes: usize,
    content_max_chars: usize,
    metadata_max_bytes: usize,
    messages_per_second: u32,
    burst: u32,
}

/// What is committed and not yet known to be delivered.
#[derive(Serialize, ToSchema)]
#[schema(as = OutboxBacklog)]
struct Backlog {
    open: i64,
    #[schema(required)]
    oldest: Option<UnixMs>,
}

/// `GET /ws/info`: the sockets of this Hark and their limits.
///
/// # Errors
/// `forbidden` without `messaging.view`.
#[utoipa::path(
    get, path = "/ws/info",
    responses((status = 200, description = "The sockets.", body = Info)),
)]
pub(crate) async fn info(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Info>, Error> {
    caller.require(Permission::MessagingView)?;
    let (count, backlog) = tokio::join!(online::count(&app), app.outbox.backlog());
    let (open, oldest) = backlog?;
    Ok(Json(Info {
        connections: count.map(|count| count.connections),
        online_users: count.map(|count| count.users),
        limits: Limits::of(&app.config),
        outbox: Backlog { open, oldest },
    }))
}

impl Limits {
    fn of(config: &Config) -> Self {
        Self {
            max_connections: config.sockets.max_connections,
            user_max_connections: config.sockets.user_max_connections,
            ping_interval: config.sockets.ping_interval_s,
            presence_ttl: config.sockets.presence_ttl.as_secs(),
            frame_max_bytes: FRAME_MAX_BYTES,
            message_max_bytes: MESSAGE_MAX_BYTES,
            outgoing_frame_max_bytes: OUTGOING_FRAME_MAX_BYTES,
            content_max_chars: CONTENT_MAX_CHARS,
            metadata_max_bytes: METADATA_MAX_BYTES,
            messages_per_second: config.chat.rate_per_second,
            burst: config.chat.rate_burst,
        }
    }
}
