//! Health, who is online, and figures.

mod cached;
mod contract;
mod days;
mod figures;
mod health;
mod metrics;
mod online;
mod online_users;
mod realtime;
mod sockets;
mod staff;
mod system;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::app::App;
use shared::contract::{also_at, described};
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; everything but health, metrics and the contract takes a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/health", get(health::health))
        .route("/api/chat/health", get(health::health))
        .route("/openapi.json", get(contract::show))
        .route("/metrics", get(metrics::metrics))
        .route("/ws/info", get(sockets::info))
        .route("/api/chat/online/status/{user}", get(online::of_user))
        .route("/api/chat/online/stats", get(online::stats))
        .route("/api/chatstatistics/realtime", get(realtime::realtime))
        .route("/api/chatstatistics/today", get(days::today))
        .route("/api/chatstatistics/range", get(days::range))
        .route("/api/chatstatistics/staff", get(staff::staff))
        .route("/api/chatstatistics/health", get(system::health))
        .route("/api/chatstatistics/online-users", get(online_users::online_users));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut routes = Routes::openapi();
    also_at(&mut routes, "/api/chat/health", "/health");
    described(routes, "statistics")
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    contract::show,
    health::health,
    metrics::metrics,
    sockets::info,
    online::of_user,
    online::stats,
    realtime::realtime,
    days::today,
    days::range,
    staff::staff,
    system::health,
    online_users::online_users
))]
struct Routes;
