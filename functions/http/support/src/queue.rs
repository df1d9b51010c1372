use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::Error;
use shared::app::App;
use shared::http::{Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::model::{Listed, Listing, Session};
use shared::names::TeamName;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Place;
use crate::list::own_team;
use crate::who;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    team: Option<TeamName>,
}

/// A session that waits, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedSession)]
pub(crate) struct Queued {
    #[serde(flatten)]
    session: Session,
    #[serde(flatten)]
    place: Place,
}

impl Listed for Queued {
    const LIST: &str = "queue";
}

type Queue = Paged<Queued>;

/// `GET /api/v1/support/queue?team=`: those who wait, the next one first. Staff see their team's queue; who has
/// `support.manage` any, and without `?team=` all, one after the other.
///
/// # Errors
/// `forbidden` for all but staff, and for another team's queue.
#[utoipa::path(
    get, path = "/api/v1/support/queue", params(Wanted, Paging),
    responses((status = 200, description = "A page of it.", body = Queue)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    Params(paging): Params<Paging>,
) -> Result<Json<Queue>, Error> {
    who::staff(&caller)?;
    let page = paging.page()?;
    let asked = wanted.team.map(TeamName::into_string);
    let team = match caller.may(Permission::SupportManage) {
        true => asked,
        false => Some(own_team(&app, &caller, asked).await?),
    };
    let found = app.desk.queue(team.as_deref(), app.config.support.staff_max_sessions, page).await?;
    let items = found.items.into_iter().map(|(session, place)| Queued { session, place: place.into() });
    let found = Listing { items: items.collect(), total: found.total };
    Ok(Json(Paged::new(page, found)))
}
