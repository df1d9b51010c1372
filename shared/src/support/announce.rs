use tokio::time::Instant;

use crate::app::App;
use crate::chat::outbox;
use crate::chat::send::BROADCAST_BUDGET;
use crate::ports::{Changes, Event};

/// Puts what a change of the desk did on the bus. What fails is no error: its outbox row stays open and is swept.
pub async fn announce(app: &App, changes: Changes) {
    let sessions = changes.sessions.into_iter().map(|changed| Event::SessionChanged(Box::new(changed)));
    let events: Vec<_> = sessions.chain(changes.staff.into_iter().map(Event::StaffChanged)).collect();
    if events.is_empty() {
        return;
    }
    outbox::publish_or_leave(app, &events, Instant::now() + BROADCAST_BUDGET).await;
}
