use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{Paged, Paging, Params};
use shared::identity::{Caller, Permission};
use shared::model::RoomSummary;

#[derive(Deserialize)]
pub(crate) struct Query {
    page: Option<u32>,
    page_size: Option<u32>,
    #[serde(default)]
    all: bool,
}

/// `GET /api/v1/rooms`: one's own rooms, or with `?all=true` every room but others' direct ones; newest
/// activity first.
///
/// # Errors
/// `forbidden` for `all` without `messaging.view`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Paged<RoomSummary>>, Error> {
    if query.all {
        caller.require(Permission::MessagingView)?;
    }
    let page = Paging { page: query.page, page_size: query.page_size }.page()?;
    let found = app.rooms.list(caller.user, query.all, page).await?;
    Ok(Json(Paged::new("rooms", page, found)))
}
