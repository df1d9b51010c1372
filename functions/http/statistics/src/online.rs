use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::chat::{access, status};
use shared::clock::UnixMs;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::{UserId, UserRef};
use shared::model::{Status, User};
use shared::ports::{KeptStatus, OnlineCount, UserStatus};
use utoipa::ToSchema;

/// What is shown of somebody; unknown while presence is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShownStatus)]
enum Shown {
    Online,
    Busy,
    Away,
    Offline,
    Unknown,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UserOnline {
    user_id: UserId,
    username: String,
    status: Shown,
    #[schema(required)]
    last_seen: Option<UnixMs>,
    /// How many are open.
    #[schema(required)]
    connections: Option<usize>,
    /// What holds them, each once.
    endpoints: BTreeSet<String>,
}

impl UserOnline {
    fn never_seen(user: User) -> Self {
        Self {
            user_id: user.id,
            username: user.username,
            status: Shown::Offline,
            last_seen: None,
            connections: Some(0),
            endpoints: BTreeSet::new(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = OnlineFigures)]
pub(crate) struct Figures {
    #[schema(required)]
    online_users: Option<i64>,
    #[schema(required)]
    connections: Option<i64>,
    /// `online` when presence answers, else `unknown`.
    status: Shown,
}

/// `GET /api/chat/online/status/{user}`: what is shown of a user, by id or name. Who doesn't want to be seen is offline to others,
/// without connections, and so is either of two to the other when one blocks the other.
///
/// # Errors
/// `not_found`, also for a visitor who doesn't know the user.
#[utoipa::path(
    get, path = "/api/chat/online/status/{user}", params(("user" = UserRef, Path)),
    responses((status = 200, description = "What is shown of them.", body = UserOnline)),
)]
pub(crate) async fn of_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
) -> Result<Json<UserOnline>, Error> {
    let user = app.accounts.find(&user).await?.ok_or_else(|| Error::not_found("no such user"))?;
    if !access::knows(&app, &caller, user.id).await? {
        return Err(Error::not_found("no such user"));
    }
    let kept = app.statuses.kept(user.id).await?.ok_or_else(|| Error::not_found("no such user"))?;
    if !app.blocks.apart(caller.user, &[user.id]).await?.is_empty() {
        return Ok(Json(UserOnline::never_seen(user)));
    }
    let seen = app.presence.status(user.id, app.clock.now()).await;
    let seen = seen.inspect_err(|error| tracing::warn!(%error, "a status without presence")).ok();
    let hides = caller.user != user.id && kept.chosen == Status::Offline;
    let last_seen = seen.as_ref().map_or(kept.last_seen, |seen| status::last_seen(seen, kept));
    let word = shown(seen.as_ref(), kept);
    let addresses = seen.map(|seen| if hides { Vec::new() } else { seen.connections });
    Ok(Json(UserOnline {
        user_id: user.id,
        username: user.username,
        status: word,
        last_seen,
        connections: addresses.as_ref().map(Vec::len),
        endpoints: addresses.unwrap_or_default().into_iter().map(|address| address.endpoint).collect(),
    }))
}

/// `GET /api/chat/online/stats`: users online and connections open now.
///
/// # Errors
/// `unauthenticated`.
#[utoipa::path(
    get, path = "/api/chat/online/stats",
    responses((status = 200, description = "The figures.", body = Figures)),
)]
pub(crate) async fn stats(State(app): State<Arc<App>>, _: Caller) -> Json<Figures> {
    let count = count(&app).await;
    Json(Figures {
        online_users: count.map(|count| count.users),
        connections: count.map(|count| count.connections),
        status: if count.is_some() { Shown::Online } else { Shown::Unknown },
    })
}

/// None while presence is away.
pub(crate) async fn count(app: &App) -> Option<OnlineCount> {
    let count = app.presence.online(app.clock.now()).await;
    count.inspect_err(|error| tracing::warn!(%error, "figures without presence")).ok()
}

fn shown(seen: Option<&UserStatus>, kept: KeptStatus) -> Shown {
    let Some(seen) = seen else { return Shown::Unknown };
    match status::shown(seen.online, kept.chosen) {
        Status::Online => Shown::Online,
        Status::Busy => Shown::Busy,
        Status::Away => Shown::Away,
        Status::Offline => Shown::Offline,
    }
}
