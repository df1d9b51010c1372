//! Waiting to be told to stop.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C or a request to terminate.
///
/// # Errors
/// The system's, when it lets no one listen.
pub async fn stop_requested() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
