use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::ids::{SessionId, UserId, UserRef};
use shared::model::{Session, SessionState};
use shared::names::TeamName;
use shared::ports::SessionFilter;
use utoipa::IntoParams;

use crate::answer::Shown;
use crate::who;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    state: Option<SessionState>,
    team: Option<TeamName>,
    staff: Option<UserRef>,
    visitor: Option<UserRef>,
}

type Sessions = Paged<Session>;

/// `GET /api/v1/support/sessions`: sessions, the newest opening first; of `?state=`, `?team=`, `?staff=` and `?visitor=`.
/// Visitors and users see their own, staff those of their team and those that they serve (`?staff=` oneself), who
/// has `support.manage` all.
///
/// # Errors
/// `invalid`; `not_found` for a name that nobody has; `forbidden` for what the caller may not see.
#[utoipa::path(
    get, path = "/api/v1/support/sessions", params(Wanted, Paging),
    responses((status = 200, description = "A page of them.", body = Sessions)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    Params(paging): Params<Paging>,
) -> Result<Json<Sessions>, Error> {
    let page = paging.page()?;
    let filter = wanted.filter(&app, &caller).await?;
    let found = app.desk.sessions(&filter, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `GET /api/v1/support/sessions/{id}`: a session, with its place while it waits; for staff with the visitor's page and
/// metadata.
///
/// # Errors
/// `not_found`, `forbidden`.
#[utoipa::path(
    get, path = "/api/v1/support/sessions/{id}", params(("id" = SessionId, Path)),
    responses((status = 200, description = "The session.", body = Shown)),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
) -> Result<Json<Shown>, Error> {
    let (session, view) = who::session(&app, &caller, id).await?;
    Ok(Json(Shown::to(view, &app, session).await?))
}

impl Wanted {
    async fn filter(self, app: &App, caller: &Caller) -> Result<SessionFilter, Error> {
        let mut filter = SessionFilter {
            state: self.state,
            team: self.team.map(TeamName::into_string),
            staff: named(app, "staff", self.staff.as_ref()).await?,
            visitor: named(app, "visitor", self.visitor.as_ref()).await?,
        };
        if caller.may(Permission::SupportManage) {
            return Ok(filter);
        }
        if !caller.role.serves() {
            return own(filter, caller.user);
        }
        if filter.staff != Some(caller.user) && filter.visitor != Some(caller.user) {
            filter.team = Some(own_team(app, caller, filter.team).await?);
        }
        Ok(filter)
    }
}

/// Of those who don't serve.
fn own(filter: SessionFilter, visitor: UserId) -> Result<SessionFilter, Error> {
    match filter.visitor {
        Some(other) if other != visitor => {
            Err(Error::forbidden("visitor: only one's own sessions are shown"))
        }
        _ => Ok(SessionFilter { visitor: Some(visitor), ..filter }),
    }
}

/// The team of those who serve without `support.manage`, unless they ask for another.
///
/// # Errors
/// `forbidden`, naming the permission.
pub(crate) async fn own_team(app: &App, caller: &Caller, asked: Option<String>) -> Result<String, Error> {
    let own = who::team_of(app, caller).await?;
    if asked.is_some_and(|asked| asked != own) {
        caller.require(Permission::SupportManage)?;
    }
    Ok(own)
}

async fn named(app: &App, field: &str, user: Option<&UserRef>) -> Result<Option<UserId>, Error> {
    match user {
        Some(user) => who::user(app, field, user).await.map(Some),
        None => Ok(None),
    }
}
