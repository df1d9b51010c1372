use lambda_runtime::Error;
use shared::app::App;
use shared::clock::UnixMs;
use shared::ports::StoreError;

/// Rows removed by one statement: few enough to hold nobody up.
const BATCH: u32 = 500;
/// Statements of one invocation for each kind; what is left waits for the next minute.
const STEPS_MAX: u32 = 20;

/// What is removed in time.
#[derive(Clone, Copy)]
enum Kind {
    Entries,
    Events,
    Broadcasts,
}

/// Removes what is past its retention; answers how many entries of logs, events and broadcasts.
pub(crate) async fn expire(app: &App) -> Result<u64, Error> {
    let now = app.clock.now();
    let mut removed = 0;
    if app.config.messages.retention_days > 0 {
        removed += Kind::Entries.expire(app, app.config.messages.whole_since(now)).await?;
    }
    if let Some(since) = app.config.events.kept_since(now) {
        removed += Kind::Events.expire(app, since).await?;
        removed += Kind::Broadcasts.expire(app, since).await?;
    }
    Ok(removed)
}

impl Kind {
    async fn expire(self, app: &App, cutoff: UnixMs) -> Result<u64, StoreError> {
        let mut removed = 0;
        for _ in 0..STEPS_MAX {
            let step = self.step(app, cutoff).await?;
            removed += step;
            if step < u64::from(BATCH) {
                break;
            }
        }
        Ok(removed)
    }

    async fn step(self, app: &App, cutoff: UnixMs) -> Result<u64, StoreError> {
        match self {
            Self::Entries => app.messages.expire(cutoff, BATCH).await,
            Self::Events => app.events.expire_events(cutoff, BATCH).await,
            Self::Broadcasts => app.broadcasts.expire_broadcasts(cutoff, BATCH).await,
        }
    }
}
