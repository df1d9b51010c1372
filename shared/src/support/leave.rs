use super::announce;
use crate::app::App;
use crate::error::Error;
use crate::ids::UserId;
use crate::model::{ClosedBy, Page, SessionState};
use crate::ports::SessionFilter;

/// A visitor has one session that isn't closed: the newest.
const NEWEST: Page = Page { number: 1, size: 1 };

/// Ends what a user whose account goes has to do with customer service: closes the session that they opened, and
/// gives those that they serve to others.
///
/// # Errors
/// `unavailable`.
pub async fn leave(app: &App, user: UserId) -> Result<(), Error> {
    let own = SessionFilter { visitor: Some(user), ..SessionFilter::default() };
    let newest = app.desk.sessions(&own, NEWEST).await?.items.pop();
    if let Some(session) = newest.filter(|session| session.state != SessionState::Closed) {
        let terms = app.config.support.terms(app.clock.now());
        let (_, changes) = app.desk.close(session.id, ClosedBy::System, None, terms).await?;
        announce(app, changes).await;
    }
    dismiss(app, user).await
}

/// Takes a user out of service, and gives the sessions that they serve to others.
///
/// # Errors
/// `unavailable`.
pub async fn dismiss(app: &App, user: UserId) -> Result<(), Error> {
    let terms = app.config.support.terms(app.clock.now());
    announce(app, app.desk.dismiss(user, terms).await?).await;
    Ok(())
}
