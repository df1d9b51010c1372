use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::chat::access::{self, Action};
use shared::http::{Paged, Paging, Params};
use shared::identity::Caller;
use shared::ids::{NameOr, RoomId, RoomRef};
use shared::model::Message;
use shared::ports::Search;
use shared::search::Query;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    #[serde(default)]
    #[param(required, min_length = 1, max_length = 256, pattern = r"[\p{L}\p{N}]")]
    q: String,
    /// A room's id, or a public one's name.
    #[param(value_type = Option<RoomRef>)]
    room_id: Option<String>,
}

type Messages = Paged<Message>;

/// `GET /api/v1/messages/search?q=`: messages of the caller's rooms, or of `?room_id=` alone, that hold every
/// word and every pair of neighbouring Han characters of `q`; newest first.
///
/// # Errors
/// `invalid`, naming `q`; `forbidden` (not in that room), `not_found`.
#[utoipa::path(
    get, path = "/api/v1/messages/search", params(Wanted, Paging),
    responses((status = 200, description = "A page of them.", body = Messages)),
)]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
    Params(paging): Params<Paging>,
) -> Result<Json<Messages>, Error> {
    let query = Query::parse(&wanted.q).map_err(|problem| Error::invalid("q", problem))?;
    let page = paging.page()?;
    let room = wanted.room(&app, &caller).await?;
    let found = app.messages.search(&Search { user: caller.user, room, query, page }).await?;
    Ok(Json(Paged::new(page, found)))
}

impl Wanted {
    async fn room(&self, app: &App, caller: &Caller) -> Result<Option<RoomId>, Error> {
        let Some(room) = &self.room_id else { return Ok(None) };
        let seat = access::seat(app, caller, &NameOr::parse(room), Action::Read).await?;
        Ok(Some(seat.room.id))
    }
}
