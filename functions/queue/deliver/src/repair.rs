use lambda_runtime::Error;
use shared::app::App;
use shared::chat::rebuild::RebuildError;
use shared::chat::repair;
use shared::ports::{MissedConnection, PresenceRepair};

/// Brings presence in line with the connections that it missed; while it is away, all of the batch are
/// handed on together, so that a long outage with many of them ends with few events.
pub(crate) async fn deliver(app: &App, repairs: Vec<PresenceRepair>) -> Result<(), Error> {
    let missed: Vec<MissedConnection> = repairs.into_iter().flat_map(|repair| repair.connections).collect();
    if missed.is_empty() {
        return Ok(());
    }
    match repair::repair(app, &missed).await {
        Ok(()) => tracing::info!(connections = missed.len(), "presence was repaired"),
        Err(RebuildError::Store(error)) => return Err(error.into()),
        Err(RebuildError::Presence(error)) => {
            tracing::warn!(%error, connections = missed.len(), "presence is still away");
            repair::ask(app, &missed).await?;
        }
    }
    Ok(())
}
