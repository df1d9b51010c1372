use lambda_runtime::Error;
use shared::app::App;
use shared::ports::OUTBOX_DUE_MS;

/// Rows taken at once.
const BATCH: u32 = 100;

/// Publishes every row that is due again; answers how many.
pub(crate) async fn sweep(app: &App) -> Result<usize, Error> {
    let mut republished = 0;
    loop {
        let rows = app.outbox.claim_due(app.clock.now(), BATCH).await?;
        if rows.is_empty() {
            return Ok(republished);
        }
        let events: Vec<_> = rows.into_iter().map(|row| row.event).collect();
        if let Err(error) = app.bus.publish(&events, app.clock.now()).await {
            // They are due again in ten seconds.
            tracing::warn!(%error, rows = events.len(), "not published again");
            return Ok(republished);
        }
        republished += events.len();
    }
}

/// Whether a row has stayed open for longer than deliveries take.
pub(crate) async fn is_overdue(app: &App) -> Result<bool, Error> {
    let (_, oldest) = app.outbox.backlog().await?;
    Ok(oldest.is_some_and(|oldest| app.clock.now().0 - oldest.0 > OUTBOX_DUE_MS / 2))
}
