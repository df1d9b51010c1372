//! Registers people, logs them in and out, lets visitors in, shows who they are, and lets admins keep them in
//! order.

mod admin;
mod blocks;
mod issued;
mod limit;
mod login;
mod me;
mod password;
mod push;
mod register;
mod service_accounts;
mod session;
mod users;
mod visitors;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};
use shared::app::App;
use shared::contract;
use shared::http::serve;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

/// The function's routes; everything but registering, logging in and coming as a visitor takes a bearer.
pub fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/api/v1/auth/register", post(register::register))
        .route("/api/v1/auth/login", post(login::login))
        .route("/api/v1/auth/logout", post(session::logout))
        .route("/api/v1/auth/ticket", post(session::ticket))
        .route("/api/v1/auth/password", post(password::change))
        .route("/api/v1/users/me", get(me::show).patch(me::change).delete(me::delete))
        .route("/api/v1/users/me/push-key", get(push::key))
        .route("/api/v1/users/me/push-subscriptions", get(push::list).post(push::subscribe))
        .route("/api/v1/users/me/push-subscriptions/{id}", delete(push::unsubscribe))
        .route("/api/v1/users/me/blocks", get(blocks::list))
        .route(
            "/api/v1/users/me/blocks/{user}",
            put(blocks::block).post(blocks::block).delete(blocks::unblock),
        )
        .route("/api/v1/visitors", post(visitors::enter))
        .route("/api/v1/visitors/me", patch(visitors::change))
        .route("/api/v1/users", post(admin::create::create))
        .route("/api/v1/users/{user}", get(users::show))
        .route("/api/v1/users/{user}/ban", post(admin::ban::ban).delete(admin::ban::lift))
        .route("/api/v1/users/{user}/kick", post(admin::kick::kick))
        .route("/api/v1/users/{user}/role", put(admin::role::set))
        .route("/api/v1/service-accounts", get(service_accounts::list).post(service_accounts::create))
        .route(
            "/api/v1/service-accounts/{user}/keys",
            get(service_accounts::keys).post(service_accounts::make_key),
        )
        .route("/api/v1/service-accounts/{user}/keys/{key}", delete(service_accounts::revoke_key));
    serve(routes, app)
}

/// What the function answers, as the document says it; nothing calls it while the function serves.
#[must_use]
pub fn openapi() -> OpenApi {
    contract::described(Routes::openapi(), "accounts")
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    register::register,
    login::login,
    session::logout,
    session::ticket,
    password::change,
    me::show,
    me::change,
    me::delete,
    push::key,
    push::list,
    push::subscribe,
    push::unsubscribe,
    blocks::list,
    blocks::block,
    blocks::unblock,
    visitors::enter,
    visitors::change,
    admin::create::create,
    users::show,
    admin::ban::ban,
    admin::ban::lift,
    admin::kick::kick,
    admin::role::set,
    service_accounts::list,
    service_accounts::create,
    service_accounts::keys,
    service_accounts::make_key,
    service_accounts::revoke_key
))]
struct Routes;
