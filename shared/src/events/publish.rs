use tokio::time::Instant;

use crate::app::App;
use crate::chat::outbox;
use crate::chat::send::BROADCAST_BUDGET;
use crate::ports::{DeliveryDue, Event, EventsError, NewEvent, StoredEvent};

/// Stores events with their deliveries, all or none, and puts these on the bus.
///
/// # Errors
/// `Conflict`, and when the store is away. The bus being away is none: what is overdue is published again.
pub async fn publish(app: &App, new: &[NewEvent]) -> Result<Vec<StoredEvent>, EventsError> {
    let stored = app.events.publish_events(new, app.clock.now()).await?;
    announce(app, stored.iter().flat_map(StoredEvent::due).collect()).await;
    Ok(stored)
}

/// Puts rounds on the bus that are committed. What fails is found when it is overdue.
pub async fn announce(app: &App, mut due: Vec<DeliveryDue>) {
    // An event that stands twice in a batch is due once.
    due.sort_unstable_by_key(|due| due.delivery);
    due.dedup();
    let events: Vec<Event> = due.into_iter().map(Event::DeliveryDue).collect();
    if !events.is_empty() {
        outbox::publish_or_leave(app, &events, Instant::now() + BROADCAST_BUDGET).await;
    }
}
