use std::collections::HashSet;
use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{fanout, members, registration};
use shared::frames::{Outgoing, SystemEvent};
use shared::ids::ConnectionId;
use shared::model::Listener;

/// Rows taken at once.
const BATCH: u32 = 500;
/// Batches in one run: with 20,000 connections that were opened together a minute brings 2,000.
const BATCHES: usize = 20;
/// For one batch.
const ROUND: Duration = Duration::from_secs(5);
/// Clients choose a moment within it, so that those who are told together don't come back together.
const WITHIN_S: u32 = 180;

/// Tells connections whose end is near to open their successors; answers how many. Who can't be told now is
/// told in the next run.
pub(crate) async fn tell_due(app: &App) -> Result<usize, Error> {
    let event = SystemEvent::Reconnect { reason: "lifetime".to_owned(), reconnect: true, within_s: WITHIN_S };
    let frame = members::system_frame(app, event);
    let mut told = 0;
    for _ in 0..BATCHES {
        let due = app.connection_log.reconnect_due(app.clock.now(), BATCH).await?;
        let found = due.len();
        told += tell(app, due, &frame).await?;
        if found < BATCH as usize {
            break;
        }
    }
    Ok(told)
}

async fn tell(app: &App, due: Vec<Listener>, frame: &Outgoing) -> Result<usize, Error> {
    if due.is_empty() {
        return Ok(0);
    }
    let ids: Vec<ConnectionId> = due.iter().map(|listener| listener.address.connection.clone()).collect();
    let posted = fanout::post(app, due, frame, ROUND).await;
    for gone in &posted.gone {
        registration::forget_closed(app, gone).await?;
    }
    let left: HashSet<&ConnectionId> = posted.left.iter().map(|left| &left.address.connection).collect();
    let told: Vec<ConnectionId> = ids.into_iter().filter(|id| !left.contains(id)).collect();
    app.connection_log.reconnect_told(&told).await?;
    Ok(told.len() - posted.gone.len())
}
