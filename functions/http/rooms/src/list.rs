use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::model::RoomSummary;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    #[serde(default)]
    all: bool,
}

type Rooms = Paged<RoomSummary>;

/// `GET /api/v1/rooms`: one's own rooms, or with `?all=true` every room but others' direct ones; newest
/// activity first.
///
/// # Errors
/// `forbidden` for `all` without `messaging.view`.
#[utoipa::path(
    get, path = "/api/v1/rooms", params(Query, Paging),
    responses((status = 200, description = "A page of them.", body = Rooms)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<Query>,
    Params(paging): Params<Paging>,
) -> Result<Json<Rooms>, Error> {
    if query.all {
        caller.require(Permission::MessagingView)?;
    }
    let page = paging.page()?;
    let found = app.rooms.list(caller.user, query.all, page).await?;
    Ok(Json(Paged::new(page, found)))
}
