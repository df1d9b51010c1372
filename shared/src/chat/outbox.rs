//! Publishing again what was committed and perhaps never reached a consumer.

use std::ops::RangeInclusive;

use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::chat::fanout;
use crate::clock::UnixMs;
use crate::ports::{BusError, Event, Left, MessageStored, StoreError, Unposted};

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
/// stay open and are swept. Answers whether it was published.
pub async fn publish_or_leave(app: &App, events: &[Event], deadline: Instant) -> bool {
    match timeout_at(deadline, app.bus.publish(events, app.clock.now())).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::warn!(%error, "left to the outbox"),
        Err(_) => tracing::warn!("left to the outbox: the budget is spent"),
    }
    false
}

/// The same with an entry that was posted. While the broker is away its row is told who is left, or each entry of
/// the outage would be posted to everyone once more.
pub(super) async fn publish_or_note(app: &App, stored: MessageStored, deadline: Instant) {
    let (row, unposted) = (stored.outbox, stored.unposted.clone());
    let is_published = publish_or_leave(app, &[Event::MessageStored(stored)], deadline).await;
    if is_published || !is_short(app, &unposted) {
        return;
    }
    match timeout_at(deadline, app.outbox.note(row, &unposted)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "everyone is posted to again"),
        Err(_) => tracing::warn!("everyone is posted to again: the budget is spent"),
    }
}

/// Whether a row should hold it: not a list that is for the fan-out queues, and not what a row says without it.
fn is_short(app: &App, Unposted { left, gone }: &Unposted) -> bool {
    match left {
        Left::Nobody => !fanout::is_large(app, gone),
        Left::These(listeners) => !fanout::is_large(app, listeners) && !fanout::is_large(app, gone),
        Left::Everyone => false,
    }
}
