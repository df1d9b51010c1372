use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::clock::UnixMs;
use shared::identity::{Caller, TICKET_LIFE_MS, Ticket};
use utoipa::ToSchema;

/// Opens one socket, once, until `expires_at`.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedTicket {
    ticket: String,
    expires_at: UnixMs,
}

/// `POST /api/v1/auth/logout`: revokes every token of the caller and closes their sockets.
///
/// # Errors
/// `unauthenticated`, `unavailable`.
#[utoipa::path(
    post, path = "/api/v1/auth/logout",
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn logout(State(app): State<Arc<App>>, caller: Caller) -> Result<StatusCode, Error> {
    app.accounts.revoke_tokens(caller.user, app.clock.now()).await?;
    closing::revoked(&app, caller.user, Farewell::LoggedOut).await;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/auth/ticket`: opens one socket, for clients that don't want their token in the socket's URL.
///
/// # Errors
/// `unauthenticated`, `unavailable`.
#[utoipa::path(
    post, path = "/api/v1/auth/ticket",
    responses((status = 200, description = "A ticket.", body = IssuedTicket)),
)]
pub(crate) async fn ticket(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<IssuedTicket>, Error> {
    let ticket = Ticket::fresh();
    let expires_at = app.clock.now().plus(TICKET_LIFE_MS);
    app.accounts.issue_ticket(&ticket.digest(), caller.user, caller.token_version, expires_at).await?;
    Ok(Json(IssuedTicket { ticket: ticket.as_str().to_owned(), expires_at }))
}
