//! Customer service: sessions and their queue, those who serve, their teams and what they keep ready.

mod answer;
mod close;
mod list;
mod notes;
mod open;
mod queue;
mod rate;
mod replies;
mod staff;
mod status;
mod teams;
mod transfer;
mod who;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};
use shared::app::App;
use shared::contract;
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; all take a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/v1/support/sessions", get(list::list).post(open::open))
        .route("/api/v1/support/sessions/{id}", get(list::show))
        .route("/api/v1/support/sessions/{id}/transfer", post(transfer::transfer))
        .route("/api/v1/support/sessions/{id}/close", post(close::close))
        .route("/api/v1/support/sessions/{id}/rating", post(rate::rate))
        .route("/api/v1/support/sessions/{id}/rate", post(rate::rate))
        .route("/api/v1/support/sessions/{id}/notes", get(notes::list).post(notes::add))
        .route("/api/v1/support/queue", get(queue::list))
        .route("/api/v1/support/staff", get(staff::list))
        .route("/api/v1/support/staff/{user}", put(staff::set))
        .route("/api/v1/support/status", put(status::set).post(status::set))
        .route("/api/v1/support/teams", get(teams::list))
        .route("/api/v1/support/teams/{team}", put(teams::set))
        .route("/api/v1/support/replies", get(replies::list).post(replies::add))
        .route("/api/v1/support/replies/{id}", patch(replies::change).delete(replies::remove));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut routes = Routes::openapi();
    contract::also_at(
        &mut routes,
        "/api/v1/support/sessions/{id}/rate",
        "/api/v1/support/sessions/{id}/rating",
    );
    contract::described(routes, "support")
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list::list,
    open::open,
    list::show,
    transfer::transfer,
    close::close,
    rate::rate,
    notes::list,
    notes::add,
    queue::list,
    staff::list,
    staff::set,
    status::set,
    teams::list,
    teams::set,
    replies::list,
    replies::add,
    replies::change,
    replies::remove
))]
struct Routes;
