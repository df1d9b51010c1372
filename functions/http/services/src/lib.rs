//! The registry of services: which of them run where, which are well, and what each wants to hear.

mod discover;
mod heartbeat;
mod list;
mod register;
mod secret;
mod subscriptions;
mod unregister;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};
use shared::app::App;
use shared::contract;
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; all take a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/v1/services", get(list::list))
        .route("/api/v1/services/register", post(register::register))
        .route("/api/v1/services/heartbeat", post(heartbeat::heartbeat))
        .route("/api/v1/services/unregister", post(unregister::by_body))
        .route("/api/v1/services/{name}", get(list::show).delete(unregister::service))
        .route("/api/v1/services/{name}/instances/{id}", delete(unregister::instance))
        .route("/api/v1/services/{name}/discover", get(discover::discover))
        .route("/api/v1/services/{name}/subscriptions", put(subscriptions::set))
        .route("/api/v1/services/{name}/secret", post(secret::rotate));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    contract::described(Routes::openapi(), "services")
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        list::list,
        register::register,
        heartbeat::heartbeat,
        unregister::by_body,
        list::show,
        unregister::service,
        unregister::instance,
        discover::discover,
        subscriptions::set,
        secret::rotate
    ),
    components(schemas(discover::Strategy))
)]
struct Routes;
