use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::Error;
use shared::app::App;
use shared::http::At;
use shared::identity::Caller;
use shared::ids::SessionId;
use shared::model::ClosedBy;
use shared::support::announce;

use crate::answer::Shown;
use crate::who::{self, View};

/// `POST /api/v1/support/sessions/{id}/close`: closes a session: by its visitor, by who serves it, by staff of its team while it
/// waits, and by who has `support.manage`. Again it changes nothing.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    post, path = "/api/v1/support/sessions/{id}/close", params(("id" = SessionId, Path)),
    responses((status = 200, description = "The session as it is then.", body = Shown)),
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(id): At<SessionId>,
) -> Result<Json<Shown>, Error> {
    let (_, view) = who::session(&app, &caller, id).await?;
    let closed = match view {
        View::Visitor => ClosedBy::Visitor,
        View::Staff { handles } => {
            who::require(&caller, handles)?;
            ClosedBy::Staff
        }
    };
    let terms = app.config.support.terms(app.clock.now());
    let (session, changes) = app.desk.close(id, closed, Some(caller.user), terms).await?;
    announce(&app, changes).await;
    Ok(Json(Shown::to(view, &app, session).await?))
}
