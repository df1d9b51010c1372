use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::MessageId;
use shared::ports::Flagged;

#[derive(Serialize)]
pub(crate) struct FlaggedPage {
    messages: Vec<Flagged>,
    page: u32,
    page_size: u32,
    total: i64,
}

/// `GET /api/v1/messages/flagged`: what moderation wants looked at, the newest first.
///
/// # Errors
/// `forbidden` without `users.manage`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<FlaggedPage>, Error> {
    caller.require(Permission::UsersManage)?;
    let page = paging.page()?;
    let flagged = app.flags.flagged(page).await?;
    Ok(Json(FlaggedPage {
        messages: flagged.items,
        page: page.number,
        page_size: page.size,
        total: flagged.total,
    }))
}

/// `DELETE /api/v1/messages/flagged/{message}`: it was looked at.
///
/// # Errors
/// `forbidden` without `users.manage`; `not_found`.
pub(crate) async fn clear(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(message): At<MessageId>,
) -> Result<StatusCode, Error> {
    caller.require(Permission::UsersManage)?;
    let cleared = app.flags.unflag(message).await?;
    if cleared { Ok(StatusCode::NO_CONTENT) } else { Err(Error::not_found("no such flag")) }
}
