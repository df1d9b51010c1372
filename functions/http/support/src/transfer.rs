use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::{SessionId, UserRef};
use shared::names::TeamName;
use shared::ports::Destination;
use shared::support::announce;
use utoipa::ToSchema;

use crate::answer::Shown;
use crate::teams;
use crate::who::{self, View};

/// Where to, said in one of three ways.
#[derive(Deserialize, ToSchema)]
#[schema(as = Transfer)]
pub(crate) struct Whither {
    to: Option<UserRef>,
    team: Option<TeamName>,
    #[serde(default)]
    queue: bool,
}

/// `POST /api/v1/support/sessions/{id}/transfer`: hands a session on: to somebody who is online with a place free (`to`), to the queue
/// of a team (`team`), or back to its own (`queue`). By who serves it, by staff of its team while it waits, and by
/// who has `support.manage`.
///
/// # Errors
/// `invalid`, naming the field; `forbidden`; `not_found`; `conflict` when it is closed, and when the other doesn't
/// serve now or has no place free: nothing is changed then.
#[utoipa::path(
    post,
    path = "/api/v1/support/sessions/{id}/transfer",
    params(("id" = SessionId, Path)),
    request_body = Whither,
    responses((status = 200, description = "The session as it is then.", body = Shown), Conflict),
)]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
    Body(whither): Body<Whither>,
) -> Result<Json<Shown>, Error> {
    let (_, handles) = who::seen_by_staff(&app, &caller, id).await?;
    who::require(&caller, handles)?;
    let to = whither.destination(&app).await?;
    let terms = app.config.support.terms(app.clock.now());
    let (session, changes) = app.desk.transfer(id, to, caller.user, terms).await?;
    announce(&app, changes).await;
    Ok(Json(Shown::to(View::Staff { handles }, &app, session).await?))
}

impl Whither {
    async fn destination(self, app: &App) -> Result<Destination, Error> {
        match (self.to, self.team, self.queue) {
            (Some(user), None, false) => Ok(Destination::Person(who::user(app, "to", &user).await?)),
            (None, Some(team), false) => Ok(Destination::Team(teams::known(app, team).await?.name)),
            (None, None, true) => Ok(Destination::Queue),
            (None, None, false) => Err(Error::invalid("to", "or team or queue is missing")),
            _ => Err(Error::invalid("to", "stands alone: one of to, team and queue")),
        }
    }
}
