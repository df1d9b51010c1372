use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::Error;
use shared::app::App;
use shared::http::{At, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::MessageId;
use shared::ports::Flagged;

type FlaggedMessages = Paged<Flagged>;

/// `GET /api/v1/messages/flagged`: what moderation wants looked at, the newest first.
///
/// # Errors
/// `forbidden` without `users.manage`.
#[utoipa::path(
    get, path = "/api/v1/messages/flagged", params(Paging),
    responses((status = 200, description = "A page of them.", body = FlaggedMessages)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<FlaggedMessages>, Error> {
    caller.require(Permission::UsersManage)?;
    let page = paging.page()?;
    let found = app.flags.flagged(page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `DELETE /api/v1/messages/flagged/{message}`: a flagged message was looked at.
///
/// # Errors
/// `forbidden` without `users.manage`; `not_found`.
#[utoipa::path(
    delete, path = "/api/v1/messages/flagged/{message}", params(("message" = MessageId, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn clear(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(message): At<MessageId>,
) -> Result<StatusCode, Error> {
    caller.require(Permission::UsersManage)?;
    let cleared = app.flags.unflag(message).await?;
    if cleared { Ok(StatusCode::NO_CONTENT) } else { Err(Error::not_found("no such flag")) }
}
