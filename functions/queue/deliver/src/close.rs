use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::closing;
use shared::frames::Outgoing;
use shared::ports::CloseSockets;

use crate::post::pauses;

/// One round over all of them.
const ROUND: Duration = Duration::from_secs(5);
/// Handed on so many times, longer than a socket is young; then `upkeep` has them.
const ATTEMPTS_MAX: u8 = 8;

/// Closes the sockets that whoever revoked could not close, again and again; hands on who is left.
pub(crate) async fn deliver(app: &App, close: CloseSockets) -> Result<(), Error> {
    let CloseSockets { frame, listeners, attempt } = close;
    let frame = Outgoing::from_text(frame);
    let mut left = closing::end(app, listeners, &frame, ROUND).await;
    for pause in pauses() {
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        left = closing::end(app, left, &frame, ROUND).await;
    }
    if attempt >= ATTEMPTS_MAX {
        tracing::warn!(sockets = left.len(), "left to upkeep");
        return Ok(());
    }
    Ok(closing::hand_on(app, left, &frame, attempt + 1).await?)
}
