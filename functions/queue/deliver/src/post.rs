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
use shared::ports::{BroadcastChunk, ChunkTally, Delay, Event, FanoutChunk};
use tokio::time::{Instant, sleep};

/// All rounds of posts together; the rest of the batch waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// 100, 200, 400 ms, give or take: longer than a `$connect` takes, shorter than anyone waits for.
fn pauses() -> impl Iterator<Item = Duration> {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(100));
    backoff.with_max_times(3).with_jitter().build()
}

/// What a frame is posted for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Errand {
    /// None: a broadcast.
    pub(crate) room: Option<RoomId>,
    pub(crate) broadcast: Option<BroadcastChunk>,
    /// How often those who are left were handed on before.
    pub(crate) attempt: u8,
}

impl Errand {
    /// A stored entry of the room, which nobody was handed on of before.
    pub(crate) fn of_room(room: RoomId) -> Self {
        Self { room: Some(room), ..Self::default() }
    }
}

/// Posts, again to those left while that may help at once; hands on to the retry queues whoever is left at
/// the end.
pub(crate) async fn patiently(
    app: &App,
    errand: Errand,
    to: Vec<Listener>,
    frame: &Outgoing,
) -> Result<ChunkTally, Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut tally = ChunkTally::default();
    let Posted { mut left, mut unreachable, .. } =
        round(app, errand, to, frame, deadline, &mut tally).await?;
    for pause in pauses() {
        if left.is_empty() || Instant::now() + pause >= deadline {
            break;
        }
        sleep(pause).await;
        let posted = round(app, errand, left, frame, deadline, &mut tally).await?;
        left = posted.left;
        unreachable.extend(posted.unreachable);
    }
    let rest = count(&left) + count(&unreachable);
    match Delay::SHORT.get(usize::from(errand.attempt)) {
        Some(delay) => {
            left.extend(unreachable);
            hand_on(app, errand, left, frame, *delay).await?;
            tally.handed_on = rest;
        }
        None => {
            give_up(app, errand, &left, &unreachable).await?;
            tally.given_up = rest;
        }
    }
    Ok(tally)
}

async fn round(
    app: &App,
    errand: Errand,
    to: Vec<Listener>,
    frame: &Outgoing,
    deadline: Instant,
    tally: &mut ChunkTally,
) -> Result<Posted, Error> {
    let asked = count(&to);
    let posted = fanout::post(app, to, frame, deadline.duration_since(Instant::now())).await;
    for gone in &posted.gone {
        forget(app, errand, gone).await?;
    }
    tally.posted += posted.taken;
    tally.gone += count(&posted.gone);
    // What the gateway refuses for good no retry will change.
    tally.given_up +=
        asked - posted.taken - count(&posted.gone) - count(&posted.left) - count(&posted.unreachable);
    Ok(posted)
}

fn count(listeners: &[Listener]) -> u32 {
    u32::try_from(listeners.len()).unwrap_or(u32::MAX)
}

async fn forget(app: &App, errand: Errand, gone: &Listener) -> Result<(), Error> {
    match errand.room {
        Some(room) => registration::forget_gone(app, gone, room).await?,
        None => registration::forget_closed(app, gone).await?,
    }
    Ok(())
}

/// To the retry queue of the next step.
async fn hand_on(
    app: &App,
    errand: Errand,
    left: Vec<Listener>,
    frame: &Outgoing,
    delay: Delay,
) -> Result<(), Error> {
    if left.is_empty() {
        return Ok(());
    }
    let Errand { room, broadcast, attempt } = errand;
    if let (Some(room), None) = (room, broadcast) {
        return Ok(fanout::enqueue_after(app, room, &left, frame, attempt + 1, delay).await?);
    }
    // Whole: it is counted as one.
    let chunk = FanoutChunk {
        lane: rand::random(),
        room,
        broadcast,
        frame: frame.text(),
        listeners: left,
        attempt: attempt + 1,
    };
    Ok(app.bus.publish_after(&[Event::FanoutChunk(chunk)], delay, app.clock.now()).await?)
}

/// After the last step they catch up by `resume`. A socket whose endpoint was out of reach all the while is
/// forgotten: if it lives after all, its next frame registers it again.
async fn give_up(
    app: &App,
    errand: Errand,
    left: &[Listener],
    unreachable: &[Listener],
) -> Result<(), Error> {
    if !left.is_empty() || !unreachable.is_empty() {
        let (left, forgotten) = (left.len(), unreachable.len());
        tracing::warn!(room = ?errand.room, left, forgotten, "given up: they catch up when they resume");
    }
    for lost in unreachable {
        forget(app, errand, lost).await?;
    }
    Ok(())
}
