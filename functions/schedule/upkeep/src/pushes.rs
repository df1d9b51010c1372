use lambda_runtime::Error;
use shared::app::App;
use shared::ports::{Event, PushDue};

/// Rows taken at once.
const BATCH: u32 = 100;
/// How much later than planned a push may be before its event counts as lost.
const GRACE_MS: i64 = 60_000;

/// Publishes the pushes again that nobody came for; answers how many.
pub(crate) async fn reschedule(app: &App) -> Result<usize, Error> {
    let delay = i64::try_from(app.config.push.delay.duration().as_millis())?;
    let mut rescheduled = 0;
    loop {
        let now = app.clock.now();
        let claims = app.push_pending.overdue(now.plus(-delay - GRACE_MS), now, BATCH).await?;
        if claims.is_empty() {
            return Ok(rescheduled);
        }
        let events: Vec<_> = claims.into_iter().map(|claim| Event::PushDue(PushDue::of(claim))).collect();
        if let Err(error) = app.bus.publish(&events, now).await {
            tracing::warn!(%error, pushes = events.len(), "pushes stay overdue for another minute");
            return Ok(rescheduled);
        }
        rescheduled += events.len();
    }
}
