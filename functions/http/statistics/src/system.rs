use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::calendar::iso_8601;
use shared::clock::UnixMs;
use shared::contract;
use shared::http::ErrorBody;
use shared::identity::{Caller, Permission};
use shared::ids::ConnectionId;
use shared::model::Address;
use shared::ports::{DeskNow, PostError};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::health::{Health, Service, ping};
use crate::online;
use crate::realtime::system_load;

/// Formed as the gateway forms them; no socket has it.
const NO_CONNECTION: &str = "AAAAAAAAAAAAAAA=";

/// As the documents' sample, with how long each service took to answer. What can't be known is null.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SystemHealth)]
pub(crate) struct System {
    status: Health,
    timestamp: String,
    #[schema(required)]
    online_users: Option<i64>,
    #[schema(required)]
    online_staff: Option<i64>,
    #[schema(required)]
    active_sessions: Option<i64>,
    #[schema(required)]
    system_load: Option<f64>,
    cache_connected: bool,
    #[schema(value_type = Services<String>, inline)]
    services: Services<&'static str>,
    /// Milliseconds.
    #[schema(inline)]
    latencies: Services<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Services<T> {
    redis: T,
    /// The sockets.
    signal_r: T,
    message_queue: T,
    database: T,
}

/// Why there is a 503: the database is away, or was when the caller was looked at.
pub(crate) struct Unwell;

impl PartialSchema for Unwell {
    fn schema() -> RefOr<Schema> {
        contract::either::<System, ErrorBody>()
    }
}

impl ToSchema for Unwell {
    fn schemas(schemas: &mut contract::Schemas) {
        contract::add::<System>(schemas);
    }
}

/// `GET /api/chatstatistics/health`: the services and the figures that tell how much they have to do. 503 when
/// the database is away.
///
/// # Errors
/// `forbidden` without `statistics.view`.
#[utoipa::path(
    get, path = "/api/chatstatistics/health",
    responses(
        (status = 200, description = "Messages are stored.", body = System),
        (status = 503, description = "The database is away.", body = Unwell),
    ),
)]
pub(crate) async fn health(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<(StatusCode, Json<System>), Error> {
    caller.require(Permission::StatisticsView)?;
    let (redis, sockets, queue, database, online, desk) = tokio::join!(
        ping("redis", app.presence.ping()),
        ping("sockets", sockets(&app)),
        ping("rabbitmq", app.bus.ping()),
        ping("database", app.database.ping()),
        online::count(&app),
        desk(&app),
    );
    let services = Services {
        redis: word(&redis, "Connected", "Disconnected"),
        signal_r: word(&sockets, "Running", "Stopped"),
        message_queue: word(&queue, "Running", "Stopped"),
        database: word(&database, "Connected", "Disconnected"),
    };
    let status = Health::of(&database, &[&redis, &sockets, &queue]);
    let report = System {
        status,
        timestamp: iso_8601(app.clock.now()),
        online_users: online.map(|online| online.users),
        online_staff: desk.map(|desk| desk.online_staff),
        active_sessions: desk.map(|desk| desk.active_sessions),
        system_load: desk.and_then(|desk| system_load(&app, online, desk)),
        cache_connected: redis.is_well(),
        latencies: Services {
            redis: redis.latency_ms,
            signal_r: sockets.latency_ms,
            message_queue: queue.latency_ms,
            database: database.latency_ms,
        },
        services,
    };
    Ok((status.code(), Json(report)))
}

fn word(service: &Service, well: &'static str, away: &'static str) -> &'static str {
    if service.is_well() { well } else { away }
}

/// Asks the gateway for a socket that isn't there: it answers if it is.
async fn sockets(app: &App) -> Result<(), PostError> {
    let Some(endpoint) = app.config.sockets.endpoint_url.clone() else { return Ok(()) };
    let connection = ConnectionId(NO_CONNECTION.to_owned());
    let nobody = Address { connection, endpoint, connected_at: UnixMs(0) };
    match app.connections.inspect(&nobody).await {
        Ok(_) | Err(PostError::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

/// None while the database is away.
async fn desk(app: &App) -> Option<DeskNow> {
    let desk = app.statistics.now(app.config.support.staff_max_sessions).await;
    desk.inspect_err(|error| tracing::warn!(%error, "health without figures")).ok()
}
