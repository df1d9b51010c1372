use std::ops::RangeInclusive;

use tokio::time::Instant;

use crate::app::App;
use crate::chat::outbox::{SweepError, Swept};
use crate::clock::UnixMs;
use crate::ports::Event;

/// Deliveries taken at once.
const BATCH: u32 = 100;

/// Publishes the deliveries again that fell due within a span and that nobody came for; until `deadline`.
///
/// # Errors
/// When the store or the bus is away.
pub async fn sweep(app: &App, due: RangeInclusive<UnixMs>, deadline: Instant) -> Result<Swept, SweepError> {
    let mut republished = 0;
    loop {
        if Instant::now() >= deadline {
            return Ok(Swept { republished, is_unfinished: true });
        }
        let claimed = app.events.claim_overdue(due.clone(), app.clock.now(), BATCH).await?;
        if claimed.is_empty() {
            return Ok(Swept { republished, is_unfinished: false });
        }
        let events: Vec<_> = claimed.into_iter().map(Event::DeliveryDue).collect();
        app.bus.publish(&events, app.clock.now()).await?;
        republished += events.len();
    }
}
