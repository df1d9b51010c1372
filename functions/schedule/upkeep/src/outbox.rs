use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::outbox::{SweepError, Swept, sweep};
use shared::clock::UnixMs;
use shared::events;
use shared::ports::{BusError, DELIVERY_OVERDUE_MS, OUTBOX_DUE_MS, QUEUE_EVENTS, QUEUE_MESSAGES, QueueDepth};
use tokio::time::{Instant, sleep};

/// Longer than deliveries take, in milliseconds.
const OVERDUE_MS: i64 = OUTBOX_DUE_MS / 2;

/// Of more than so many that wait in a queue, what is open is taken to be in it and not to be lost: published each
/// ten seconds of an outage of Redis, say, it would come there many times.
const WAITING_MAX: u64 = 100;

/// Publishes every row that is due again, and every delivery of an event; answers how many.
pub(crate) async fn sweep_due(app: &App, deadline: Instant) -> Result<usize, Error> {
    // Rows claimed for nothing would stay away for ten seconds when the bus is back.
    let waiting = match waiting(app).await {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::warn!(%error, "nothing is published again for now");
            return Ok(0);
        }
    };
    let (now, mut count) = (app.clock.now(), 0);
    if !is_long(&waiting, QUEUE_MESSAGES) {
        count += republished(sweep(app, UnixMs(0)..=now.plus(-OUTBOX_DUE_MS), deadline).await)?;
    }
    if !is_long(&waiting, QUEUE_EVENTS) {
        let due = UnixMs(0)..=now.plus(-DELIVERY_OVERDUE_MS);
        count += republished(events::sweep(app, due, deadline).await)?;
    }
    Ok(count)
}

async fn waiting(app: &App) -> Result<Vec<QueueDepth>, BusError> {
    app.bus.ping().await?;
    app.bus.depths().await
}

fn is_long(waiting: &[QueueDepth], queue: &str) -> bool {
    waiting.iter().any(|depth| depth.queue == queue && depth.messages > WAITING_MAX)
}

fn republished(swept: Result<Swept, SweepError>) -> Result<usize, Error> {
    match swept {
        Ok(swept) => Ok(swept.republished),
        Err(SweepError::Bus(error)) => {
            tracing::warn!(%error, "not published again");
            Ok(0)
        }
        Err(SweepError::Store(error)) => Err(error.into()),
    }
}

/// Whether a row, or a delivery of an event, stays open for longer than deliveries take. Waits for those that
/// are younger: what the sender lost a moment ago would else be found by the next minute's run only.
pub(crate) async fn is_overdue(app: &App) -> Result<bool, Error> {
    let Some(age) = oldest_age_ms(app).await? else { return Ok(false) };
    if age > OVERDUE_MS {
        return Ok(true);
    }
    let wait = (OVERDUE_MS - age).clamp(0, OVERDUE_MS) + 1;
    sleep(Duration::from_millis(u64::try_from(wait)?)).await;
    Ok(oldest_age_ms(app).await?.is_some_and(|age| age > OVERDUE_MS))
}

async fn oldest_age_ms(app: &App) -> Result<Option<i64>, Error> {
    let ((_, opened), (_, due)) = (app.outbox.backlog().await?, app.events.event_backlog().await?);
    let now = app.clock.now().0;
    // A delivery that waits for its next round isn't open yet.
    let ages = [opened, due].into_iter().flatten().map(|since| now - since.0).filter(|age| *age >= 0);
    Ok(ages.max())
}
