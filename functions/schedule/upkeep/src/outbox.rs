use lambda_runtime::Error;
use shared::app::App;
use shared::chat::outbox::{SweepError, sweep};
use shared::clock::UnixMs;
use shared::ports::OUTBOX_DUE_MS;
use tokio::time::Instant;

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

/// Whether a row has stayed open for longer than deliveries take.
pub(crate) async fn is_overdue(app: &App) -> Result<bool, Error> {
    let (_, oldest) = app.outbox.backlog().await?;
    Ok(oldest.is_some_and(|oldest| app.clock.now().0 - oldest.0 > OUTBOX_DUE_MS / 2))
}
