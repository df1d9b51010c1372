use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::config::ROUTING_TTL;

/// Rows taken at once.
const BATCH: u32 = 500;
/// For one batch.
const ROUND: Duration = Duration::from_secs(5);
/// No socket lives longer, so nothing that was revoked earlier can be open.
const LOOK_BACK_MS: i64 = ROUTING_TTL.as_millis() as i64;

/// Closes the sockets that outlived a revocation: whoever revoked could not close them, and the queue
/// neither. Answers how many; those that can't be closed now are the next minute's.
pub(crate) async fn close(app: &App) -> Result<usize, Error> {
    let frame = Farewell::Revoked.frame(app);
    let mut closed = 0;
    loop {
        let since = app.clock.now().plus(-LOOK_BACK_MS);
        let sockets = app.connection_log.revoked(since, BATCH).await?;
        let found = sockets.len();
        let left = closing::end(app, sockets, &frame, ROUND).await.len();
        closed += found - left;
        if left > 0 || found < BATCH as usize {
            return Ok(closed);
        }
    }
}
