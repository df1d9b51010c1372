use lambda_runtime::Error;
use shared::app::App;

/// Entries removed by one statement: few enough to hold nobody up.
const BATCH: u32 = 500;
/// Statements of one invocation; what is left waits for the next minute.
const STEPS_MAX: u32 = 20;

/// Removes what is past its retention; answers how many entries.
pub(crate) async fn expire(app: &App) -> Result<u64, Error> {
    if app.config.messages.retention_days == 0 {
        return Ok(0);
    }
    let cutoff = app.config.messages.whole_since(app.clock.now());
    let mut removed = 0;
    for _ in 0..STEPS_MAX {
        let step = app.messages.expire(cutoff, BATCH).await?;
        removed += step;
        if step < u64::from(BATCH) {
            break;
        }
    }
    Ok(removed)
}
