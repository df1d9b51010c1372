use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::http::{At, Body};
use shared::identity::{Caller, Permission};
use shared::model::{BusinessHours, Page, Strategy, Team};
use shared::names::{OfflineMessage, TeamName};
use shared::support::hours::Schedule;
use utoipa::ToSchema;

/// What is missing is as with a team that nobody set up.
#[derive(Deserialize, ToSchema)]
#[schema(as = TeamSettings)]
pub(crate) struct Settings {
    #[serde(default)]
    strategy: Strategy,
    hours: Option<BusinessHours>,
    offline_message: Option<OfflineMessage>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Teams {
    teams: Vec<Shown>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ShownTeam)]
pub(crate) struct Shown {
    #[serde(flatten)]
    team: Team,
    /// Whether it serves now.
    open: bool,
    /// While it doesn't: when it does again.
    #[schema(required)]
    opens_at: Option<UnixMs>,
}

/// `GET /api/v1/support/teams`: the one desk, whose name is empty, and every team that was set up, by name.
///
/// # Errors
/// `unauthenticated`, `unavailable`.
#[utoipa::path(
    get, path = "/api/v1/support/teams",
    responses((status = 200, description = "All of them.", body = Teams)),
)]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Caller) -> Result<Json<Teams>, Error> {
    let mut teams = app.desk.teams().await?;
    if teams.iter().all(|team| !team.name.is_empty()) {
        teams.insert(0, Team::default());
    }
    let now = app.clock.now();
    Ok(Json(Teams { teams: teams.into_iter().map(|team| Shown::of(team, now)).collect() }))
}

/// `PUT /api/v1/support/teams/{team}`: how a team gives out its sessions and when it serves; `default` is the one
/// desk.
///
/// # Errors
/// `forbidden` without `support.manage`; `invalid`, naming the field.
#[utoipa::path(
    put, path = "/api/v1/support/teams/{team}", params(("team" = TeamName, Path)), request_body = Settings,
    responses((status = 200, description = "The team as it is then.", body = Shown)),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(name): At<TeamName>,
    Body(settings): Body<Settings>,
) -> Result<Json<Shown>, Error> {
    caller.require(Permission::SupportManage)?;
    let team = settings.of(name)?;
    app.desk.set_team(&team).await?;
    Ok(Json(Shown::of(team, app.clock.now())))
}

/// A team that was set up or has staff, with its settings: in the queue of any other one would wait for ever.
///
/// # Errors
/// `invalid`.
pub(crate) async fn known(app: &App, name: TeamName) -> Result<Team, Error> {
    let name = name.as_str();
    let is_set_up = name.is_empty() || app.desk.teams().await?.iter().any(|team| team.name == name);
    if is_set_up || has_staff(app, name).await? {
        return Ok(app.desk.team(name).await?);
    }
    Err(Error::invalid("team", "there is no such team"))
}

async fn has_staff(app: &App, team: &str) -> Result<bool, Error> {
    let one = Page { number: 1, size: 1 };
    let staff = app.desk.staff(Some(team), app.config.support.staff_max_sessions, one).await?;
    Ok(!staff.items.is_empty())
}

/// None: always open.
pub(crate) fn schedule(team: &Team) -> Option<Schedule> {
    let hours = team.hours.as_ref()?;
    let schedule = Schedule::of(hours);
    schedule.inspect_err(|error| tracing::error!(?error, team = team.name, "hours that can't be read")).ok()
}

impl Settings {
    fn of(self, name: TeamName) -> Result<Team, Error> {
        if let Some(hours) = &self.hours {
            Schedule::of(hours)
                .map_err(|error| Error::invalid(&format!("hours.{}", error.field), error.problem))?;
        }
        Ok(Team {
            name: name.into_string(),
            strategy: self.strategy,
            hours: self.hours,
            offline_message: self.offline_message.map(OfflineMessage::into_string),
        })
    }
}

impl Shown {
    fn of(team: Team, now: UnixMs) -> Self {
        let closed = schedule(&team).filter(|schedule| !schedule.is_open(now));
        let opens_at = closed.as_ref().and_then(|schedule| schedule.opens_at(now));
        Self { team, open: closed.is_none(), opens_at }
    }
}
