use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::Error;
use shared::app::App;
use shared::contract::Conflict;
use shared::http::{At, Body};
use shared::identity::Caller;
use shared::ids::SessionId;
use shared::names::{Comment, Rating};
use shared::support::announce;
use utoipa::ToSchema;

use crate::answer::Shown;
use crate::who::{self, View};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Opinion {
    rating: Rating,
    comment: Option<Comment>,
}

/// `POST /api/v1/support/sessions/{id}/rating`, and `/rate`: what its visitor thought of it, once it is closed.
///
/// # Errors
/// `invalid`, naming the field; `forbidden` for all but the visitor; `not_found`; `conflict` while it is open, and
/// when it was rated.
#[utoipa::path(
    post,
    path = "/api/v1/support/sessions/{id}/rating",
    params(("id" = SessionId, Path)),
    request_body = Opinion,
    responses((status = 200, description = "The session as it is then.", body = Shown), Conflict),
)]
pub(crate) async fn rate(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
    Body(Opinion { rating, comment }): Body<Opinion>,
) -> Result<Json<Shown>, Error> {
    let (_, view) = who::session(&app, &caller, id).await?;
    if view != View::Visitor {
        return Err(Error::forbidden("only its visitor rates a session"));
    }
    let comment = comment.unwrap_or_default();
    let terms = app.config.support.terms(app.clock.now());
    let (session, changes) = app.desk.rate(id, rating.stars(), comment.as_str(), terms).await?;
    announce(&app, changes).await;
    Ok(Json(Shown::to(view, &app, session).await?))
}
