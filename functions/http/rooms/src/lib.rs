//! Rooms, their members and their messages over HTTP. What the socket does too is in `shared::chat`.

mod create;
mod flagged;
mod history;
mod list;
mod members;
mod membership;
mod messages;
mod read;
mod revisions;
mod rooms;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post};
use shared::app::App;
use shared::contract;
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; every one takes a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/v1/rooms", get(list::list).post(create::create))
        .route("/api/v1/rooms/{room}", get(rooms::show).patch(rooms::change).delete(rooms::delete))
        .route("/api/v1/rooms/{room}/messages", get(history::history).post(messages::send))
        .route(
            "/api/v1/rooms/{room}/messages/{message}",
            patch(revisions::edit).put(revisions::edit).delete(revisions::recall),
        )
        .route("/api/v1/messages/search", get(search::search))
        .route("/api/v1/rooms/{room}/join", post(membership::join))
        .route("/api/v1/rooms/{room}/leave", post(membership::leave))
        .route("/api/v1/rooms/{room}/read", post(read::read))
        .route("/api/v1/rooms/{room}/members", get(members::list).post(members::add))
        .route("/api/v1/rooms/{room}/members/{user}", patch(members::set_role).delete(members::remove));
    let routes = routes
        .route("/api/v1/messages/flagged", get(flagged::list))
        .route("/api/v1/messages/flagged/{message}", delete(flagged::clear));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    contract::described(Routes::openapi(), "rooms")
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list::list,
    create::create,
    rooms::show,
    rooms::change,
    rooms::delete,
    history::history,
    messages::send,
    revisions::edit,
    revisions::recall,
    search::search,
    membership::join,
    membership::leave,
    read::read,
    members::list,
    members::add,
    members::set_role,
    members::remove,
    flagged::list,
    flagged::clear
))]
struct Routes;
