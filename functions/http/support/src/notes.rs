use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::http::{At, Body, Paged, Paging, Params};
use shared::identity::Caller;
use shared::ids::SessionId;
use shared::model::{Note, User};
use shared::names::NoteText;

use crate::who;

#[derive(Deserialize)]
pub(crate) struct NewNote {
    content: NoteText,
}

/// `GET /api/v1/support/sessions/{id}/notes`: what staff noted of it, the oldest first.
///
/// # Errors
/// `forbidden` for all but the staff who may see the session; `not_found`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
    Params(paging): Params<Paging>,
) -> Result<Json<Paged<Note>>, Error> {
    let page = paging.page()?;
    who::seen_by_staff(&app, &caller, id).await?;
    let found = app.desk.notes(id, page).await?;
    Ok(Json(Paged::new("notes", page, found)))
}

/// `POST /api/v1/support/sessions/{id}/notes`: closed or not.
///
/// # Errors
/// As [`list`]; `invalid`, naming the field.
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
    Body(NewNote { content }): Body<NewNote>,
) -> Result<(StatusCode, Json<Note>), Error> {
    who::seen_by_staff(&app, &caller, id).await?;
    let author = User { id: caller.user, username: caller.username, nickname: caller.name };
    let created_at = app.clock.now();
    let note = app.desk.add_note(id, &author, content.as_str(), created_at).await?;
    Ok((StatusCode::CREATED, Json(Note { id: note, author, content: content.into_string(), created_at })))
}
