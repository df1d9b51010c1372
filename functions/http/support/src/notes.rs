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
use utoipa::ToSchema;

use crate::who;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewNote {
    content: NoteText,
}

type Notes = Paged<Note>;

/// `GET /api/v1/support/sessions/{id}/notes`: what staff noted of it, the oldest first.
///
/// # Errors
/// `forbidden` for all but the staff who may see the session; `not_found`.
#[utoipa::path(
    get, path = "/api/v1/support/sessions/{id}/notes", params(("id" = SessionId, Path), Paging),
    responses((status = 200, description = "A page of them.", body = Notes)),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
    Params(paging): Params<Paging>,
) -> Result<Json<Notes>, Error> {
    let page = paging.page()?;
    who::seen_by_staff(&app, &caller, id).await?;
    let found = app.desk.notes(id, page).await?;
    Ok(Json(Paged::new(page, found)))
}

/// `POST /api/v1/support/sessions/{id}/notes`: notes something of a session, closed or not.
///
/// # Errors
/// As for reading them; `invalid`, naming the field.
#[utoipa::path(
    post,
    path = "/api/v1/support/sessions/{id}/notes",
    params(("id" = SessionId, Path)),
    request_body = NewNote,
    responses((status = 201, description = "The note.", body = Note)),
)]
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
