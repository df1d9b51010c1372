use crate::app::App;
use crate::ports::{Changes, Event};

/// Publishes what a change of the desk did, so that `assign` tells those concerned at once. What isn't published
/// now has its row in the outbox, and is published by whoever sweeps it.
pub async fn announce(app: &App, changes: Changes) {
    let sessions = changes.sessions.into_iter().map(|changed| Event::SessionChanged(Box::new(changed)));
    let events: Vec<Event> = sessions.chain(changes.staff.into_iter().map(Event::StaffChanged)).collect();
    if events.is_empty() {
        return;
    }
    if let Err(error) = app.bus.publish(&events, app.clock.now()).await {
        tracing::warn!(%error, changes = events.len(), "left to the outbox");
    }
}
