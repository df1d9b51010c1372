use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{rebuild, registration};
use shared::config::ROUTING_TTL;

/// Rows taken at once.
const BATCH: u32 = 500;
/// A socket at the very end of its life still gets its own `$disconnect` first.
const SLACK_MS: i64 = 60_000;

/// Forgets connections older than any socket can be; answers how many.
pub(crate) async fn forget_lapsed(app: &App) -> Result<usize, Error> {
    let life = i64::try_from(ROUTING_TTL.as_millis())?;
    let cutoff = app.clock.now().plus(-life - SLACK_MS);
    let mut forgotten = 0;
    loop {
        let lapsed = app.connection_log.opened_before(cutoff, BATCH).await?;
        if lapsed.is_empty() {
            return Ok(forgotten);
        }
        for listener in &lapsed {
            registration::forget(app, &listener.address.connection).await?;
        }
        forgotten += lapsed.len();
    }
}

/// Takes users whose presence ran out off the list of those online; answers how many.
pub(crate) async fn sweep_silent(app: &App) -> usize {
    let mut silent = 0;
    loop {
        match app.presence.sweep_silent(app.clock.now(), BATCH).await {
            Ok(users) if users.is_empty() => return silent,
            Ok(users) => silent += users.len(),
            Err(error) => {
                tracing::warn!(%error, "silent users stay listed for another minute");
                return silent;
            }
        }
    }
}

/// Rebuilds presence when it is empty and nobody is at it: the bus may be away. Answers whether it did.
pub(crate) async fn rebuild_if_lost(app: &App) -> bool {
    rebuild::at_once(app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "presence is not whole for another minute");
        false
    })
}
