use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::http::{Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::UserId;
use shared::model::{Listed, Listing, Page, Status, User};
use shared::ports::PresenceError;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnlineUser {
    user_id: UserId,
    username: String,
    nickname: String,
    status: Status,
    last_seen: UnixMs,
}

impl Listed for OnlineUser {
    const LIST: &str = "users";
    const MAY_BE_UNKNOWN: bool = true;
}

type OnlineUsers = Paged<OnlineUser>;

/// `GET /api/chatstatistics/online-users`: a page of those online, whoever was heard last first. Who chose to
/// be offline is counted and not shown, so a page may be short. While presence is away nobody is known: `users`
/// and `total` are null.
///
/// # Errors
/// `forbidden` without `statistics.view`; `invalid` names the parameter that is wrong.
#[utoipa::path(
    get, path = "/api/chatstatistics/online-users", params(Paging),
    responses((status = 200, description = "A page of them.", body = OnlineUsers)),
)]
pub(crate) async fn online_users(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<OnlineUsers>, Error> {
    caller.require(Permission::StatisticsView)?;
    let page = paging.page()?;
    Ok(Json(match heard(&app, page).await {
        Ok((heard, total)) => Paged::new(page, Listing { items: shown(&app, heard).await?, total }),
        Err(error) => {
            tracing::warn!(%error, "who is online stays unknown");
            Paged::unknown(page)
        }
    }))
}

/// A page of those heard lately and when, the last one first, and how many there are.
async fn heard(app: &App, page: Page) -> Result<(Vec<(UserId, UnixMs)>, i64), PresenceError> {
    let now = app.clock.now();
    let total = app.presence.online(now).await?.users;
    // Presence lists the first one first: the page is counted from the end.
    let end = (total - page.offset()).max(0);
    let begin = (end - i64::from(page.size)).max(0);
    let window = (u32::try_from(begin).unwrap_or(u32::MAX), u32::try_from(end - begin).unwrap_or_default());
    if window.1 == 0 {
        return Ok((Vec::new(), total));
    }
    let lasts = i64::try_from(app.config.sockets.presence_ttl.as_millis()).unwrap_or(i64::MAX);
    let mut heard = app.presence.heard_since(now.plus(-lasts), window.0, window.1).await?;
    heard.reverse();
    Ok((heard, total))
}

async fn shown(app: &App, heard: Vec<(UserId, UnixMs)>) -> Result<Vec<OnlineUser>, Error> {
    let ids: Vec<UserId> = heard.iter().map(|(user, _)| *user).collect();
    let users = app.statistics.users(&ids).await?;
    let mut users: HashMap<UserId, (User, Status)> =
        users.into_iter().map(|(user, status)| (user.id, (user, status))).collect();
    let online = heard.into_iter().filter_map(|(id, last_seen)| {
        let (user, status) = users.remove(&id).filter(|(_, status)| *status != Status::Offline)?;
        let User { id: user_id, username, nickname } = user;
        Some(OnlineUser { user_id, username, nickname, status, last_seen })
    });
    Ok(online.collect())
}
