use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::http::{At, Body, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::ReplyId;
use shared::model::CannedReply;
use shared::names::{Content, Shortcut, TeamName};
use utoipa::{IntoParams, ToSchema};

use crate::who;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    team: Option<TeamName>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewReply {
    /// Of every team when missing.
    team: Option<TeamName>,
    shortcut: Shortcut,
    content: Content,
}

/// None leaves as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplyChange)]
pub(crate) struct Change {
    shortcut: Option<Shortcut>,
    content: Option<Content>,
}

type Replies = Paged<CannedReply>;

/// `GET /api/v1/support/replies?team=`: what a team keeps ready, the caller's own unless another is asked for, and
/// what every team does; by shortcut.
///
/// # Errors
/// `forbidden` for all but staff.
#[utoipa::path(
    get, path = "/api/v1/support/replies", params(Wanted, Paging),
    responses((status = 200, description = "A page of them.", body = Replies)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    Params(paging): Params<Paging>,
) -> Result<Json<Replies>, Error> {
    who::staff(&caller)?;
    let page = paging.page()?;
    let team = match wanted.team {
        Some(team) => team.into_string(),
        None => who::team_of(&app, &caller).await?,
    };
    let found = app.canned_replies.replies(&team, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `POST /api/v1/support/replies`: keeps a text ready.
///
/// # Errors
/// `forbidden` without `support.manage`; `invalid`, naming the field; `conflict` when the shortcut is taken, and
/// when the team has as many as it may.
#[utoipa::path(
    post, path = "/api/v1/support/replies", request_body = NewReply,
    responses((status = 201, description = "The reply.", body = CannedReply), Conflict),
)]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(NewReply { team, shortcut, content }): Body<NewReply>,
) -> Result<(StatusCode, Json<CannedReply>), Error> {
    caller.require(Permission::SupportManage)?;
    let (team, most) = (team.unwrap_or_default(), app.config.support.canned_replies_max);
    let (shortcut, content) = (shortcut.as_str(), content.as_str());
    let reply = app.canned_replies.add_reply(team.as_str(), shortcut, content, most, app.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(reply)))
}

/// `PATCH /api/v1/support/replies/{id}`: changes a text that is kept ready.
///
/// # Errors
/// `forbidden` without `support.manage`; `invalid`, naming the field; `not_found`; `conflict` when the shortcut is
/// taken.
#[utoipa::path(
    patch, path = "/api/v1/support/replies/{id}", params(("id" = ReplyId, Path)), request_body = Change,
    responses((status = 200, description = "The reply as it is then.", body = CannedReply), Conflict),
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<ReplyId>,
    Body(Change { shortcut, content }): Body<Change>,
) -> Result<Json<CannedReply>, Error> {
    caller.require(Permission::SupportManage)?;
    let (shortcut, content) =
        (shortcut.as_ref().map(Shortcut::as_str), content.as_ref().map(Content::as_str));
    Ok(Json(app.canned_replies.change_reply(id, shortcut, content).await?))
}

/// `DELETE /api/v1/support/replies/{id}`: keeps a text no more.
///
/// # Errors
/// `forbidden` without `support.manage`; `not_found`.
#[utoipa::path(
    delete, path = "/api/v1/support/replies/{id}", params(("id" = ReplyId, Path)),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<ReplyId>,
) -> Result<StatusCode, Error> {
    caller.require(Permission::SupportManage)?;
    app.canned_replies.remove_reply(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
