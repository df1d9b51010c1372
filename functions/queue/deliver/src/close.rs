use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::closing;
use shared::frames::Outgoing;
use shared::ports::CloseSockets;

/// One round over all of them.
const ROUND: Duration = Duration::from_secs(5);
/// Handed on so many times, a second apart: for longer than a socket is young. Then `upkeep` has them.
const ATTEMPTS_MAX: u8 = 11;

/// Closes the sockets that whoever revoked could not close; those who are left, again a second later.
pub(crate) async fn deliver(app: &App, close: CloseSockets) -> Result<(), Error> {
    let CloseSockets { frame, listeners, attempt } = close;
    let frame = Outgoing::from_text(frame);
    let left = closing::end(app, listeners, &frame, ROUND).await;
    if attempt >= ATTEMPTS_MAX {
        if !left.is_empty() {
            tracing::warn!(sockets = left.len(), "left to upkeep");
        }
        return Ok(());
    }
    Ok(closing::hand_on_after_a_second(app, left, &frame, attempt + 1).await?)
}
