use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::outbox;
use shared::events;
use shared::ports::{Event, SweepOutbox};
use tokio::time::Instant;

/// One event sweeps for so long and then hands the rest on, so that chunks behind it don't wait.
const BUDGET: Duration = Duration::from_secs(5);

/// Publishes what an outage of the bus kept back.
pub(crate) async fn deliver(app: &App, sweep: SweepOutbox) -> Result<(), Error> {
    let (span, deadline) = (sweep.from..=sweep.until, Instant::now() + BUDGET);
    let rows = outbox::sweep(app, span.clone(), deadline).await?;
    let deliveries = events::sweep(app, span, deadline).await?;
    let (republished, is_unfinished) =
        (rows.republished + deliveries.republished, rows.is_unfinished || deliveries.is_unfinished);
    if is_unfinished {
        app.bus.publish(&[Event::SweepOutbox(sweep)], app.clock.now()).await?;
    }
    tracing::info!(republished, is_unfinished, "swept after an outage");
    Ok(())
}
