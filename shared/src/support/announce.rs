use std::time::Duration;

use tokio::time::timeout;

use crate::app::App;
use crate::ports::{Changes, Event};

/// How long a caller waits for it; then the outbox takes over.
const PUBLISH_BUDGET: Duration = Duration::from_millis(300);

/// Puts what a change of the desk did on the bus. What fails is no error: its outbox row stays open and is swept.
pub async fn announce(app: &App, changes: Changes) {
    let sessions = changes.sessions.into_iter().map(|changed| Event::SessionChanged(Box::new(changed)));
    let events: Vec<_> = sessions.chain(changes.staff.into_iter().map(Event::StaffChanged)).collect();
    if events.is_empty() {
        return;
    }
    match timeout(PUBLISH_BUDGET, app.bus.publish(&events, app.clock.now())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "left to the outbox"),
        Err(_) => tracing::warn!("left to the outbox: the budget is spent"),
    }
}
