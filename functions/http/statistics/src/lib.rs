//! Health, who is online, and figures.

mod health;
mod online;
mod sockets;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::app::App;
use shared::http::serve;

/// The function's routes; everything but health takes a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/health", get(health::health))
        .route("/api/chat/health", get(health::health))
        .route("/ws/info", get(sockets::info))
        .route("/api/chat/online/status/{user}", get(online::of_user))
        .route("/api/chat/online/stats", get(online::stats));
    serve(routes, app)
}
