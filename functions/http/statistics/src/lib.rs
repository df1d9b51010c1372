//! Health, who is online, and figures.

mod cached;
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
use shared::http::serve;

/// The function's routes; everything but health and metrics takes a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/health", get(health::health))
        .route("/api/chat/health", get(health::health))
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
