use crate::app::App;
use crate::ports::{Changes, Event};

/// Puts what a change did on the bus. One that can't be published waits in the outbox.
pub async fn announce(app: &App, changes: &Changes) {
    let sessions = changes.sessions.iter().cloned().map(|changed| Event::SessionChanged(Box::new(changed)));
    let staff = changes.staff.iter().cloned().map(Event::StaffChanged);
    let events: Vec<Event> = sessions.chain(staff).collect();
    if events.is_empty() {
        return;
    }
    if let Err(error) = app.bus.publish(&events, app.clock.now()).await {
        tracing::warn!(%error, "left to the outbox");
    }
}
