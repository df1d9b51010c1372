use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::{UserId, UserRef};
use shared::ports::{OnlineCount, UserStatus};

/// Whether somebody can be reached; unknown while presence is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Online,
    Offline,
    Unknown,
}

#[derive(Serialize)]
pub(crate) struct UserOnline {
    user_id: UserId,
    username: String,
    status: Status,
    last_seen: Option<UnixMs>,
    /// How many are open.
    connections: Option<usize>,
    /// What holds them, each once.
    endpoints: BTreeSet<String>,
}

#[derive(Serialize)]
pub(crate) struct Figures {
    online_users: Option<i64>,
    connections: Option<i64>,
    /// `online` when presence answers, else `unknown`.
    status: Status,
}

/// `GET /api/chat/online/status/{user}`: by id or user name.
///
/// # Errors
/// `not_found`.
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    _: Caller,
    At(user): At<UserRef>,
) -> Result<Json<UserOnline>, Error> {
    let user = app.accounts.find(&user).await?.ok_or_else(|| Error::not_found("no such user"))?;
    let seen = app.presence.status(user.id, app.clock.now()).await;
    let seen = seen.inspect_err(|error| tracing::warn!(%error, "a status without presence")).ok();
    Ok(Json(UserOnline {
        user_id: user.id,
        username: user.username,
        status: word(seen.as_ref()),
        last_seen: seen.as_ref().and_then(|seen| seen.last_seen),
        connections: seen.as_ref().map(|seen| seen.connections.len()),
        endpoints: seen.map(endpoints).unwrap_or_default(),
    }))
}

/// `GET /api/chat/online/stats`: users online and connections open now.
///
/// # Errors
/// `unauthenticated`.
pub(crate) async fn stats(State(app): State<Arc<App>>, _: Caller) -> Json<Figures> {
    let count = count(&app).await;
    Json(Figures {
        online_users: count.map(|count| count.users),
        connections: count.map(|count| count.connections),
        status: if count.is_some() { Status::Online } else { Status::Unknown },
    })
}

/// None while presence is away.
pub(crate) async fn count(app: &App) -> Option<OnlineCount> {
    let count = app.presence.online(app.clock.now()).await;
    count.inspect_err(|error| tracing::warn!(%error, "figures without presence")).ok()
}

fn word(seen: Option<&UserStatus>) -> Status {
    match seen {
        Some(seen) if seen.online => Status::Online,
        Some(_) => Status::Offline,
        None => Status::Unknown,
    }
}

fn endpoints(seen: UserStatus) -> BTreeSet<String> {
    seen.connections.into_iter().map(|address| address.endpoint).collect()
}
