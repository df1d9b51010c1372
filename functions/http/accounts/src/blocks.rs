use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::Error;
use shared::app::App;
use shared::chat::access;
use shared::contract::Conflict;
use shared::http::{At, Paged, Paging, Params};
use shared::identity::Caller;
use shared::ids::{NameOr, UserId, UserRef};
use shared::model::Blocked;

type Blocks = Paged<Blocked>;

/// `GET /api/v1/users/me/blocks`: whom the caller blocks, the newest first.
///
/// # Errors
/// `invalid` for a page that can't be.
#[utoipa::path(
    get, path = "/api/v1/users/me/blocks", params(Paging),
    responses((status = 200, description = "A page of them.", body = Blocks)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<Blocks>, Error> {
    let page = paging.page()?;
    let found = app.blocks.blocked_by(caller.user, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `PUT` or `POST /api/v1/users/me/blocks/{user}`: wants nothing from that user any more; again without
/// harm. The user isn't told.
///
/// # Errors
/// `not_found`; `invalid` for oneself; `conflict` when the list is full.
#[utoipa::path(
    method(put, post), path = "/api/v1/users/me/blocks/{user}", params(("user" = UserRef, Path)),
    responses((status = 204, description = "Done."), Conflict),
)]
pub(crate) async fn block(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<StatusCode, Error> {
    let user = id_of(&app, user).await?;
    if !access::knows(&app, &caller, user).await? {
        return Err(no_such_user());
    }
    if user == caller.user {
        return Err(Error::invalid("user", "is yourself"));
    }
    app.blocks.block(caller.user, user, app.config.chat.blocks_max, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/users/me/blocks/{user}`: takes the block back; that there is none is no error.
///
/// # Errors
/// `not_found` for a name that nobody has, and for a visitor who doesn't know the user.
#[utoipa::path(
    delete, path = "/api/v1/users/me/blocks/{user}", params(("user" = UserRef, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<StatusCode, Error> {
    let user = id_of(&app, user).await?;
    if !access::knows(&app, &caller, user).await? {
        return Err(no_such_user());
    }
    app.blocks.unblock(caller.user, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn id_of(app: &App, user: UserRef) -> Result<UserId, Error> {
    if let NameOr::Id(user) = user {
        return Ok(user);
    }
    let found = app.accounts.find(&user).await?;
    found.map(|user| user.id).ok_or_else(no_such_user)
}

fn no_such_user() -> Error {
    Error::not_found("no such user")
}
