use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::outbox::{SweepError, sweep};
use shared::clock::UnixMs;
use shared::ports::OUTBOX_DUE_MS;
use tokio::time::{Instant, sleep};

/// Longer than deliveries take, in milliseconds.
const OVERDUE_MS: i64 = OUTBOX_DUE_MS / 2;

/// Publishes every row that is due again; answers how many.
pub(crate) async fn sweep_due(app: &App, deadline: Instant) -> Result<usize, Error> {
    // Rows claimed for nothing would stay away for ten seconds when the bus is back.
    if let Err(error) = app.bus.ping().await {
        tracing::warn!(%error, "nothing is published again for now");
        return Ok(0);
    }
    let due = UnixMs(0)..=app.clock.now().plus(-OUTBOX_DUE_MS);
    match sweep(app, due, deadline).await {
        Ok(swept) => Ok(swept.republished),
        Err(SweepError::Bus(error)) => {
            tracing::warn!(%error, "not published again");
            Ok(0)
        }
        Err(SweepError::Store(error)) => Err(error.into()),
    }
}

/// Whether a row stays open for longer than deliveries take. Waits for those that are younger: what the
/// sender lost a moment ago would else be found by the next minute's run only.
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
    let (_, oldest) = app.outbox.backlog().await?;
    Ok(oldest.map(|oldest| app.clock.now().0 - oldest.0))
}
