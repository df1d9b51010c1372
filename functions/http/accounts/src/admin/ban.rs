use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::chat::banning;
use shared::chat::closing::{self, Farewell};
use shared::clock::UnixMs;
use shared::events;
use shared::http::{At, Body, Params};
use shared::identity::Caller;
use shared::ids::{RoomId, RoomRef, UserId, UserRef};
use shared::model::{OwnEvent, UserBannedData};
use shared::names::BanReason;
use shared::ports::NewBan;
use utoipa::{IntoParams, ToSchema};

use super::{managed, named, not_oneself};

/// The longest ban, in milliseconds: ten years.
const BAN_MAX_MS: i64 = 10 * 365 * 24 * 3_600_000;

/// Until when is said in one of three ways.
#[derive(Deserialize, ToSchema)]
#[schema(as = Ban)]
pub(crate) struct BanBody {
    /// From everything when missing.
    room_id: Option<RoomRef>,
    until: Option<UnixMs>,
    #[schema(minimum = 1)]
    seconds: Option<i64>,
    #[schema(minimum = 1)]
    minutes: Option<i64>,
    #[serde(default)]
    reason: BanReason,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Scope {
    room_id: Option<RoomRef>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Banned {
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    until: UnixMs,
}

/// `POST /api/v1/users/{user}/ban`: bans a user: from everything, which takes `users.manage`, revokes the user's tokens
/// and closes their sockets; or from a room, which its admins may, too.
///
/// # Errors
/// `invalid` naming the field; `forbidden`; `not_found`.
#[utoipa::path(
    post, path = "/api/v1/users/{user}/ban", params(("user" = UserRef, Path)), request_body = BanBody,
    responses((status = 200, description = "The ban.", body = Banned)),
)]
pub(crate) async fn ban(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
    Body(body): Body<BanBody>,
) -> Result<Json<Banned>, Error> {
    let now = app.clock.now();
    let until = body.until(now)?;
    let user = named(&app, &user).await?;
    not_oneself(&caller, user)?;
    let ban = NewBan { user, until, reason: body.reason.into_string(), by: caller.user, now };
    let room_id = match body.room_id {
        Some(room) => Some(banning::ban(&app, &caller, &room, &ban).await?),
        None => {
            ban_from_everything(&app, &caller, &ban).await?;
            None
        }
    };
    let banned = UserBannedData { user_id: user, room_id, until, by_id: caller.user };
    events::tell_if_possible(&app, OwnEvent::user_banned(&banned, now)).await;
    tracing::info!(audit = "ban", by = %caller.user, %user, room = ?room_id, until = until.0, "banned");
    Ok(Json(Banned { user_id: user, room_id, until }))
}

async fn ban_from_everything(app: &App, caller: &Caller, ban: &NewBan) -> Result<(), Error> {
    managed(app, caller, &UserRef::Id(ban.user)).await?;
    app.bans.ban(ban).await?;
    closing::revoked(app, ban.user, Farewell::Banned).await;
    Ok(())
}

/// `DELETE /api/v1/users/{user}/ban`: lifts a ban, with `?room_id=` the one from that room.
///
/// # Errors
/// `forbidden`; `not_found`, also when there is none in force.
#[utoipa::path(
    delete, path = "/api/v1/users/{user}/ban", params(("user" = UserRef, Path), Scope),
    responses((status = 204, description = "Done.")),
)]
pub(crate) async fn lift(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(user): At<UserRef>,
    Params(scope): Params<Scope>,
) -> Result<StatusCode, Error> {
    let user = named(&app, &user).await?;
    let room_id = match scope.room_id {
        Some(room) => Some(banning::lift(&app, &caller, &room, user).await?),
        None => {
            managed(&app, &caller, &UserRef::Id(user)).await?;
            if !app.bans.lift(user, app.clock.now()).await? {
                return Err(Error::not_found("not banned"));
            }
            None
        }
    };
    tracing::info!(audit = "lift", by = %caller.user, %user, room = ?room_id, "ban lifted");
    Ok(StatusCode::NO_CONTENT)
}

impl BanBody {
    fn until(&self, now: UnixMs) -> Result<UnixMs, Error> {
        let after = |amount: i64, unit_ms: i64| UnixMs(now.0.saturating_add(amount.saturating_mul(unit_ms)));
        let (field, until) = match (self.until, self.seconds, self.minutes) {
            (Some(until), None, None) => ("until", until),
            (None, Some(seconds), None) => ("seconds", after(seconds, 1_000)),
            (None, None, Some(minutes)) => ("minutes", after(minutes, 60_000)),
            (None, None, None) => return Err(Error::invalid("until", "or seconds or minutes is missing")),
            _ => return Err(Error::invalid("until", "stands alone: one of until, seconds and minutes")),
        };
        if until <= now {
            return Err(Error::invalid(field, "must lie ahead"));
        }
        if until > now.plus(BAN_MAX_MS) {
            return Err(Error::invalid(field, "must end within ten years"));
        }
        Ok(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn until(body: serde_json::Value) -> Result<UnixMs, String> {
        let body: BanBody = serde_json::from_value(body).unwrap();
        body.until(NOW).map_err(|error| error.message)
    }

    #[test]
    fn the_end_is_said_in_one_of_three_ways() {
        assert_eq!(until(json!({"seconds": 1})), Ok(NOW.plus(1_000)));
        assert_eq!(until(json!({"minutes": 2})), Ok(NOW.plus(120_000)));
        assert_eq!(until(json!({"until": NOW.0 + 1})), Ok(NOW.plus(1)));
        assert!(until(json!({})).unwrap_err().starts_with("until: "));
        assert!(until(json!({"seconds": 1, "minutes": 1})).unwrap_err().starts_with("until: "));
    }

    #[test]
    fn a_ban_ends_ahead_and_within_ten_years() {
        assert!(until(json!({"until": NOW.0})).unwrap_err().starts_with("until: "));
        assert!(until(json!({"seconds": 0})).unwrap_err().starts_with("seconds: "));
        assert!(until(json!({"until": NOW.0 + BAN_MAX_MS})).is_ok());
        assert!(until(json!({"until": NOW.0 + BAN_MAX_MS + 1})).unwrap_err().starts_with("until: "));
        assert!(until(json!({"minutes": i64::MAX})).unwrap_err().starts_with("minutes: "));
    }
}
