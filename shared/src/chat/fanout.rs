//! Posting one frame to many connections: here while they are few, by the fan-out queues when they are
//! many.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::clock::UnixMs;
use crate::frames::Outgoing;
use crate::ids::RoomId;
use crate::model::{Address, Listener};
use crate::ports::{BusError, Event, FanoutChunk, PostError};

/// Posts in the air at once from one function.
pub const POSTS_AT_ONCE: usize = 64;

/// A socket younger than this that answers 410 may still be opening: its `$connect` has not returned.
pub const YOUNG_MS: i64 = 10_000;

/// What came of posting.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// Throttled, unreachable, too young or out of time: for somebody else to finish.
    pub left: Vec<Listener>,
    /// Closed for good: to be forgotten.
    pub gone: Vec<Listener>,
}

/// Posts a frame to every listener until the budget is spent.
pub async fn post(app: &App, to: Vec<Listener>, frame: &Outgoing, budget: Duration) -> Posted {
    let deadline = Instant::now() + budget;
    let now = app.clock.now();
    let outcomes = stream::iter(to).map(|listener| async move {
        if Instant::now() >= deadline {
            return (listener, None);
        }
        let outcome = timeout_at(deadline, app.connections.post(&listener.address, frame.bytes())).await;
        (listener, outcome.ok())
    });
    let mut posted = Posted::default();
    let mut outcomes = outcomes.buffer_unordered(POSTS_AT_ONCE);
    while let Some((listener, outcome)) = outcomes.next().await {
        posted.note(listener, outcome, now);
    }
    posted
}

impl Posted {
    /// Files one outcome; None means that time ran out.
    fn note(&mut self, listener: Listener, outcome: Option<Result<(), PostError>>, now: UnixMs) {
        match outcome {
            Some(Ok(())) => {}
            Some(Err(PostError::Gone)) if !is_young(&listener.address, now) => self.gone.push(listener),
            Some(Err(error @ (PostError::TooLarge | PostError::Forbidden))) => {
                // No retry will change it.
                tracing::error!(%error, connection = %listener.address.connection, "post refused");
            }
            Some(Err(_)) | None => self.left.push(listener),
        }
    }
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
    let first: u32 = rand::random();
    let text = frame.text();
    let chunks = to.chunks(app.config.chat.fanout_chunk).zip(0_u32..).map(|(listeners, n)| {
        Event::FanoutChunk(FanoutChunk {
            // Starting anywhere spreads rooms of one chunk over the queues.
            lane: first.wrapping_add(n),
            room,
            frame: text.clone(),
            listeners: listeners.to_vec(),
            attempt,
        })
    });
    let chunks: Vec<_> = chunks.collect();
    app.bus.publish(&chunks, app.clock.now()).await
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
