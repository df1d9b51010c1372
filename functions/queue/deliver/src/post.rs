//! Posting with patience: throttled and young sockets are tried again, dead ones forgotten.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{fanout, registration};
use shared::frames::Outgoing;
use shared::ids::RoomId;
use shared::model::Listener;

/// One round of posts.
const ROUND: Duration = Duration::from_secs(5);
/// A chunk is handed on so many times; whoever is still left then catches up by `resume`.
const ATTEMPTS_MAX: u8 = 5;

/// 100, 200, 400, 800 ms, give or take: longer than a `$connect` takes, shorter than anyone waits for.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    backoff.with_max_times(4).with_jitter().build()
}

/// Posts, again and again to those left; hands on to the queue whoever is left at the end.
pub(crate) async fn patiently(
    app: &App,
    room: RoomId,
    to: Vec<Listener>,
    frame: &Outgoing,
    attempt: u8,
) -> Result<(), Error> {
    let mut left = round(app, room, to, frame).await?;
    for pause in pauses() {
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        left = round(app, room, left, frame).await?;
    }
    hand_on(app, room, &left, frame, attempt).await
}

async fn round(app: &App, room: RoomId, to: Vec<Listener>, frame: &Outgoing) -> Result<Vec<Listener>, Error> {
    let posted = fanout::post(app, to, frame, ROUND).await;
    for gone in &posted.gone {
        registration::forget_gone(app, gone, room).await?;
    }
    Ok(posted.left)
}

async fn hand_on(
    app: &App,
    room: RoomId,
    left: &[Listener],
    frame: &Outgoing,
    attempt: u8,
) -> Result<(), Error> {
    if left.is_empty() {
        return Ok(());
    }
    if attempt >= ATTEMPTS_MAX {
        tracing::warn!(%room, connections = left.len(), "given up: they catch up when they resume");
        return Ok(());
    }
    Ok(fanout::enqueue(app, room, left, frame, attempt + 1).await?)
}
