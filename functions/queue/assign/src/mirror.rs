use lambda_runtime::Error;
use shared::app::App;
use shared::ids::UserId;
use shared::model::{Page, Session, SessionState};
use shared::ports::{DeskCopies, SessionFilter, StoreError};

use crate::session::Current;
use crate::staff::Members;

/// Brings the copies up to date. Redis being away costs the copies and no more.
pub(crate) async fn keep(app: &App, sessions: Current, members: Members) -> Result<(), Error> {
    let mut copies = DeskCopies { staff: members.into_values().collect(), ..DeskCopies::default() };
    for session in sessions.into_values() {
        copies.serving.push((session.visitor.id, serving(app, &session).await?));
        copies.sessions.push(session);
    }
    if let Err(error) = app.mirrors.keep(&copies).await {
        tracing::warn!(%error, "customer service isn't copied");
    }
    Ok(())
}

/// Who serves the visitor of a session now: of one that is closed, perhaps in another.
async fn serving(app: &App, session: &Session) -> Result<Option<UserId>, StoreError> {
    let staff_of = |session: &Session| session.staff.as_ref().map(|staff| staff.id);
    match session.state {
        SessionState::Active => return Ok(staff_of(session)),
        SessionState::Queued => return Ok(None),
        SessionState::Closed => {}
    }
    let (visitor, state) = (Some(session.visitor.id), Some(SessionState::Active));
    let filter = SessionFilter { visitor, state, ..SessionFilter::default() };
    let active = app.desk.sessions(&filter, Page { number: 1, size: 1 }).await?;
    Ok(active.items.first().and_then(staff_of))
}
