//! Posting with patience: throttled and young sockets are tried again, dead ones forgotten, and whoever is
//! left is handed on step by step.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::fanout::Posted;
use shared::chat::{fanout, registration};
use shared::frames::Outgoing;
use shared::ids::RoomId;
use shared::model::Listener;
use shared::ports::Delay;
use tokio::time::{Instant, sleep};

/// All rounds of posts together; the rest of the batch waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// 100, 200, 400 ms, give or take: longer than a `$connect` takes, shorter than anyone waits for.
fn pauses() -> impl Iterator<Item = Duration> {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    backoff.with_max_times(3).with_jitter().build()
}

/// Posts, again to those left while that may help at once; hands on to the retry queues whoever is left at
/// the end. `attempt` is how often that was done before.
pub(crate) async fn patiently(
    app: &App,
    room: RoomId,
    to: Vec<Listener>,
    frame: &Outgoing,
    attempt: u8,
) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    let Posted { mut left, mut unreachable, .. } = round(app, room, to, frame, deadline).await?;
    for pause in pauses() {
        if left.is_empty() || Instant::now() + pause >= deadline {
            break;
        }
        sleep(pause).await;
        let posted = round(app, room, left, frame, deadline).await?;
        left = posted.left;
        unreachable.extend(posted.unreachable);
    }
    match Delay::SHORT.get(usize::from(attempt)) {
        Some(delay) => {
            left.extend(unreachable);
            hand_on(app, room, &left, frame, attempt, *delay).await
        }
        None => give_up(app, room, &left, &unreachable).await,
    }
}

async fn round(
    app: &App,
    room: RoomId,
    to: Vec<Listener>,
    frame: &Outgoing,
    deadline: Instant,
) -> Result<Posted, Error> {
    let posted = fanout::post(app, to, frame, deadline.duration_since(Instant::now())).await;
    for gone in &posted.gone {
        registration::forget_gone(app, gone, room).await?;
    }
    Ok(posted)
}

/// To the retry queue of the next step.
async fn hand_on(
    app: &App,
    room: RoomId,
    left: &[Listener],
    frame: &Outgoing,
    attempt: u8,
    delay: Delay,
) -> Result<(), Error> {
    if left.is_empty() {
        return Ok(());
    }
    Ok(fanout::enqueue_after(app, room, left, frame, attempt + 1, delay).await?)
}

/// After the last step they catch up by `resume`. A socket whose endpoint was out of reach all the while is
/// forgotten: if it lives after all, its next frame registers it again.
async fn give_up(app: &App, room: RoomId, left: &[Listener], unreachable: &[Listener]) -> Result<(), Error> {
    if !left.is_empty() || !unreachable.is_empty() {
        let (left, forgotten) = (left.len(), unreachable.len());
        tracing::warn!(%room, left, forgotten, "given up: they catch up when they resume");
    }
    for lost in unreachable {
        registration::forget_gone(app, lost, room).await?;
    }
    Ok(())
}
