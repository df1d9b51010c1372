//! Posting one frame to many connections: here while they are few, by the fan-out queues when they are
//! many.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::app::App;
use crate::clock::UnixMs;
use crate::frames::Outgoing;
use crate::ids::RoomId;
use crate::model::{Address, Listener};
use crate::ports::{BusError, Delay, Event, FanoutChunk, PostError};
use crate::telemetry::Metric;

/// Posts in the air at once from one function.
pub const POSTS_AT_ONCE: usize = 64;

/// A socket younger than this that answers 410 may still be opening: its `$connect` has not returned.
pub const YOUNG_MS: i64 = 10_000;

/// What came of posting.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// How many took it.
    pub taken: u32,
    /// Throttled, too young or out of time: for somebody else to finish, soon.
    pub left: Vec<Listener>,
    /// Their endpoint doesn't answer: for somebody else to finish, when it may be back.
    pub unreachable: Vec<Listener>,
    /// Closed for good: to be forgotten.
    pub gone: Vec<Listener>,
}

/// Posts a frame to every listener until the budget is spent.
pub async fn post(app: &App, to: Vec<Listener>, frame: &Outgoing, budget: Duration) -> Posted {
    post_with_grace(app, to, frame, budget, Duration::ZERO).await
}

/// The same; a post that is under way when the budget is spent has so much longer to end. One that is cut off may have
/// arrived, and would be made again.
pub async fn post_with_grace(
    app: &App,
    to: Vec<Listener>,
    frame: &Outgoing,
    budget: Duration,
    grace: Duration,
) -> Posted {
    let deadline = Instant::now() + budget;
    let now = app.clock.now();
    let outcomes = stream::iter(to).map(|listener| async move {
        if Instant::now() >= deadline {
            return (listener, None);
        }
        let outcome = timeout_at(deadline + grace, post_one(app, &listener.address, frame, deadline)).await;
        (listener, outcome.ok())
    });
    let mut posted = Posted::default();
    let mut outcomes = outcomes.buffer_unordered(POSTS_AT_ONCE);
    while let Some((listener, outcome)) = outcomes.next().await {
        posted.note(listener, outcome, now);
    }
    Metric::Posts.add(posted.taken.into());
    posted
}

/// Posts to one socket, more slowly while the gateway throttles; whoever calls says for how long.
async fn post_one(app: &App, to: &Address, frame: &Outgoing, deadline: Instant) -> Result<(), PostError> {
    for pause in throttle_pauses() {
        match app.connections.post(to, frame.bytes()).await {
            Err(PostError::Throttled) if Instant::now() + pause < deadline => sleep(pause).await,
            outcome => return outcome,
        }
    }
    Err(PostError::Throttled)
}

/// 20, 40, 80 ms ... up to 1 s, give or take: the first few fit into a sender's budget.
fn throttle_pauses() -> impl Iterator<Item = Duration> {
    let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(20));
    backoff.with_max_delay(Duration::from_secs(1)).without_max_times().with_jitter().build()
}

impl Posted {
    /// All who have still to be posted to.
    #[must_use]
    pub fn unfinished(self) -> Vec<Listener> {
        let Self { mut left, unreachable, .. } = self;
        left.extend(unreachable);
        left
    }

    /// Files one outcome; None means that time ran out.
    fn note(&mut self, listener: Listener, outcome: Option<Result<(), PostError>>, now: UnixMs) {
        match outcome {
            Some(Ok(())) => self.taken += 1,
            Some(Err(PostError::Gone)) if !is_young(&listener.address, now) => self.gone.push(listener),
            Some(Err(error @ (PostError::TooLarge | PostError::Forbidden))) => {
                // No retry will change it.
                tracing::error!(%error, connection = %listener.address.connection, "post refused");
            }
            Some(Err(PostError::Unreachable(reason))) => {
                tracing::debug!(reason, endpoint = %listener.address.endpoint, "unreachable");
                self.unreachable.push(listener);
            }
            Some(Err(PostError::Gone | PostError::Throttled)) | None => self.left.push(listener),
        }
    }
}

/// Notes how long ago it was stored what was posted just now.
pub fn note_time(app: &App, stored_at: UnixMs) {
    Metric::DeliveryTime.record((app.clock.now().0 - stored_at.0).max(0) as f64);
}

/// Whether a socket's `$connect` may still be under way.
#[must_use]
pub fn is_young(address: &Address, now: UnixMs) -> bool {
    now.0 - address.connected_at.0 < YOUNG_MS
}

/// Hands a frame for a large room to the fan-out queues, which `deliver` reads in parallel.
///
/// # Errors
/// When the broker didn't confirm every chunk.
pub async fn enqueue(
    app: &App,
    room: RoomId,
    to: &[Listener],
    frame: &Outgoing,
    attempt: u8,
) -> Result<(), BusError> {
    app.bus.publish(&chunks(app, room, to, frame, attempt), app.clock.now()).await
}

/// The same, `delay` later.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_after(
    app: &App,
    room: RoomId,
    to: &[Listener],
    frame: &Outgoing,
    attempt: u8,
    delay: Delay,
) -> Result<(), BusError> {
    app.bus.publish_after(&chunks(app, room, to, frame, attempt), delay, app.clock.now()).await
}

fn chunks(app: &App, room: RoomId, to: &[Listener], frame: &Outgoing, attempt: u8) -> Vec<Event> {
    let first: u32 = rand::random();
    let text = frame.text();
    let chunks = to.chunks(app.config.chat.fanout_chunk).zip(0_u32..).map(|(listeners, n)| {
        Event::FanoutChunk(FanoutChunk {
            // Starting anywhere spreads rooms of one chunk over the queues.
            lane: first.wrapping_add(n),
            room: Some(room),
            broadcast: None,
            frame: text.clone(),
            listeners: listeners.to_vec(),
            attempt,
        })
    });
    chunks.collect()
}

/// Whether so many are for the queues.
#[must_use]
pub fn is_large(app: &App, to: &[Listener]) -> bool {
    to.len() > app.config.chat.fanout_inline
}

/// Posts to a few, enqueues for many; when the broker is away, posts to the many as well.
pub async fn spread(
    app: &App,
    room: RoomId,
    to: Vec<Listener>,
    frame: &Outgoing,
    budget: Duration,
) -> Posted {
    if is_large(app, &to) {
        match enqueue(app, room, &to, frame, 0).await {
            Ok(()) => return Posted::default(),
            Err(error) => tracing::warn!(%error, room = %room, "posting to a large room from here"),
        }
    }
    post(app, to, frame, budget).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConnectionId;

    #[test]
    fn a_socket_is_young_for_ten_seconds() {
        let connected_at = UnixMs(1_000);
        let address =
            Address { connection: ConnectionId("a=".to_owned()), endpoint: String::new(), connected_at };
        assert!(is_young(&address, UnixMs(10_999)));
        assert!(!is_young(&address, UnixMs(11_000)));
    }
}
