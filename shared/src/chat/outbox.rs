//! Publishing again what was committed and perhaps never reached a consumer.

use std::ops::RangeInclusive;

use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::clock::UnixMs;
use crate::ports::{BusError, Event, StoreError};

/// Rows taken at once.
const BATCH: u32 = 100;

/// What came of a sweep.
#[derive(Debug, PartialEq, Eq)]
pub struct Swept {
    pub republished: usize,
    /// Whether time ran out first.
    pub is_unfinished: bool,
}

/// Why a sweep broke off.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows in hand fall due again in ten seconds.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Publishes the rows again that were opened, or claimed last, within a span; until `deadline`.
///
/// # Errors
/// When the store or the bus is away.
pub async fn sweep(
    app: &App,
    opened: RangeInclusive<UnixMs>,
    deadline: Instant,
) -> Result<Swept, SweepError> {
    let mut republished = 0;
    loop {
        if Instant::now() >= deadline {
            return Ok(Swept { republished, is_unfinished: true });
        }
        let rows = app.outbox.claim_opened(opened.clone(), app.clock.now(), BATCH).await?;
        if rows.is_empty() {
            return Ok(Swept { republished, is_unfinished: false });
        }
        let events: Vec<_> = rows.into_iter().map(|row| row.event).collect();
        app.bus.publish(&events, app.clock.now()).await?;
        republished += events.len();
    }
}

/// Publishes what was committed with outbox rows, until `deadline`. A publish that fails is no error: its rows
/// stay open and are swept.
pub async fn publish_or_leave(app: &App, events: &[Event], deadline: Instant) {
    match timeout_at(deadline, app.bus.publish(events, app.clock.now())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "left to the outbox"),
        Err(_) => tracing::warn!("left to the outbox: the budget is spent"),
    }
}
