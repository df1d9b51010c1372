use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::app::App;
use shared::chat::{admission, send};
use shared::contract::{Conflict, RateLimited, Rejected};
use shared::frames::{Draft, FrameId, Target};
use shared::http::{Body, client_id};
use shared::identity::Caller;
use shared::ids::{ClientMessageId, NameOr, RoomId};
use shared::model::Role;
use shared::names::{Content, Kind, Subject, TeamName};
use shared::ports::{Changes, NewSession, SessionStep};
use shared::support::announce;
use shared::{Code, Error};
use utoipa::ToSchema;

use crate::answer::Shown;
use crate::teams;
use crate::who::View;

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SessionWish)]
pub(crate) struct Wish {
    /// The one desk when missing.
    team: Option<TeamName>,
    subject: Option<Subject>,
    /// The first thing that is said, or the next one in a session that is open.
    message: Option<Content>,
    /// Of the message: makes it idempotent, as the `Idempotency-Key` header does, which comes first.
    id: Option<FrameId>,
}

/// `POST /api/v1/support/sessions`: the caller's session, 201 when it was opened now, 200 when it was open; with
/// its place while it waits, and what the team says while it is closed.
///
/// # Errors
/// `invalid`, naming the field; `forbidden` for services; as for sending for the message: the session
/// is open then.
#[utoipa::path(
    post,
    path = "/api/v1/support/sessions",
    params(("Idempotency-Key" = Option<ClientMessageId>, Header)),
    request_body = Option<Wish>,
    responses(
        (status = 201, description = "Opened now.", body = Shown),
        (status = 200, description = "Open already.", body = Shown),
        Conflict,
        RateLimited,
        Rejected,
    ),
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Option<Body<Wish>>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    if caller.role == Role::Service {
        return Err(Error::forbidden("for people only"));
    }
    let wish = body.map(|Body(wish)| wish).unwrap_or_default();
    let client_id = client_id(&headers, wish.id.as_ref())?;
    admission::admit(&app, &caller, None).await?;
    let new = new_session(&app, &caller, wish.team.unwrap_or_default(), wish.subject).await?;
    let (session, changes) = app.desk.open(new, app.config.support.terms(app.clock.now())).await?;
    let status = status(&changes);
    announce(&app, changes).await;
    if let Some(content) = wish.message {
        say(&app, &caller, session.room_id, client_id, content).await?;
    }
    let shown = Shown::to(View::Visitor, &app, session).await?;
    Ok((status, Json(shown)))
}

async fn new_session(
    app: &App,
    caller: &Caller,
    team: TeamName,
    subject: Option<Subject>,
) -> Result<NewSession, Error> {
    let team = teams::known(app, team).await?;
    let open = teams::schedule(&team).is_none_or(|schedule| schedule.is_open(app.clock.now()));
    Ok(NewSession {
        visitor: caller.user,
        team: team.name,
        subject: subject.unwrap_or_default().into_string(),
        out_of_hours: !open,
    })
}

async fn say(
    app: &App,
    caller: &Caller,
    room: RoomId,
    client_id: ClientMessageId,
    content: Content,
) -> Result<(), Error> {
    let target = Target::Room(NameOr::Id(room));
    let draft = Draft { target, content, kind: Kind::default(), reply_to: None, metadata: None };
    match send::send(app, caller, None, client_id, draft).await {
        // It is stored, and the session is what was asked for.
        Err(error) if error.code == Code::NotBroadcast => Ok(()),
        sent => sent.map(drop),
    }
}

fn status(changes: &Changes) -> StatusCode {
    let opened = changes.sessions.iter().any(|changed| changed.step == SessionStep::Opened);
    if opened { StatusCode::CREATED } else { StatusCode::OK }
}
