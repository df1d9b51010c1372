//! Events between services: publishing, reading and replaying them; and broadcasts to sockets.

mod broadcast;
mod dead;
mod draft;
mod history;
mod key;
mod limit;
mod publish;
mod replay;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use shared::app::App;
use shared::contract;
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; all take a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/v1/events", get(history::list))
        .route("/api/v1/events/publish", post(publish::publish))
        .route("/api/v1/events/dead", get(dead::list))
        .route("/api/v1/events/{id}", get(show::show))
        .route("/api/v1/events/{id}/replay", post(replay::replay))
        .route("/api/v1/broadcast", post(broadcast::begin))
        .route("/api/v1/broadcast/{id}", get(broadcast::follow));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    contract::described(Routes::openapi(), "events")
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        history::list,
        publish::publish,
        dead::list,
        show::show,
        replay::replay,
        broadcast::begin,
        broadcast::follow
    ),
    components(schemas(limit::Limit))
)]
struct Routes;
