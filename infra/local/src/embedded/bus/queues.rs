//! The queues of the embedded bus.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::parcel::Parcel;
use shared::ports::{BusError, QueueDepth};
use shared::rabbitmq::topology::DEAD_LETTER_QUEUE;
use tokio::sync::{Notify, watch};

use super::lanes::Lanes;

/// Over this, publishing is refused and the outbox holds the rest.
const CAPACITY_BYTES: usize = 64 * 1024 * 1024;

/// What a message is taken to cost besides its body.
const OVERHEAD_BYTES: usize = 512;
/// Newest dead letters kept.
const DEAD_LETTERS_MAX: usize = 1_000;

/// A message on a queue.
#[derive(Debug, Clone)]
pub struct Queued {
    pub parcel: Parcel,
    /// Whether it was taken before and given back.
    pub redelivered: bool,
}

/// A message that failed by itself; its headers hold the queue and the reason.
pub type DeadLetter = Parcel;

/// Every queue of the runner, made when it is first named.
///
/// A message counts as open from its arrival on the queue until it is settled.
pub struct Queues {
    capacity: usize,
    state: Mutex<State>,
    open: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    queues: HashMap<String, Queue>,
    open_bytes: usize,
    dead_letters: VecDeque<DeadLetter>,
}

#[derive(Default)]
struct Queue {
    waiting: Lanes,
    arrived: Arc<Notify>,
}

impl Default for Queues {
    fn default() -> Self {
        Self::with_capacity(CAPACITY_BYTES)
    }
}

impl Queues {
    /// At most `bytes` of open messages.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { capacity: bytes, state: Mutex::default(), open: watch::Sender::new(0) }
    }

    /// Puts every message at the end of the queue that its routing key names, or none of them.
    ///
    /// # Errors
    /// When the open messages would exceed the capacity.
    pub fn push(&self, parcels: Vec<Parcel>) -> Result<(), BusError> {
        self.reserve(&parcels)?;
        self.arrive(parcels);
        Ok(())
    }

    /// The same, `delay` later. Until then they take up room, but are not open: nobody who waits for all
    /// to be settled waits for them.
    ///
    /// # Errors
    /// As [`Queues::push`], at once.
    pub fn push_after(self: &Arc<Self>, parcels: Vec<Parcel>, delay: Duration) -> Result<(), BusError> {
        self.reserve(&parcels)?;
        let queues = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if let Some(queues) = queues.upgrade() {
                queues.arrive(parcels);
            }
        });
        Ok(())
    }

    fn reserve(&self, parcels: &[Parcel]) -> Result<(), BusError> {
        let mut state = self.lock();
        let bytes = state.open_bytes + parcels.iter().map(cost).sum::<usize>();
        if bytes > self.capacity {
            return Err(BusError::Unavailable("the queues are full".to_owned()));
        }
        state.open_bytes = bytes;
        Ok(())
    }

    fn arrive(&self, parcels: Vec<Parcel>) {
        let mut state = self.lock();
        self.open.send_modify(|open| *open += parcels.len());
        for parcel in parcels {
            let queue = state.queues.entry(parcel.routing_key.clone()).or_default();
            queue.waiting.push_back(Queued { parcel, redelivered: false });
            queue.arrived.notify_one();
        }
    }

    /// How many messages wait in each queue, and how many dead letters are kept; by name.
    pub fn depths(&self) -> Vec<QueueDepth> {
        let state = self.lock();
        let depth =
            |queue: &str, messages: usize| QueueDepth { queue: queue.to_owned(), messages: messages as u64 };
        let waiting = state.queues.iter().map(|(name, queue)| depth(name, queue.waiting.len()));
        let mut depths: Vec<_> =
            waiting.chain([depth(DEAD_LETTER_QUEUE, state.dead_letters.len())]).collect();
        depths.sort_by(|a, b| a.queue.cmp(&b.queue));
        depths
    }

    /// The first message of a queue, of those with the highest priority, which stays open until it is settled
    /// or given back.
    pub fn take(&self, queue: &str) -> Option<Queued> {
        self.lock().queues.get_mut(queue)?.waiting.pop()
    }

    /// Signalled when a message arrives; an arrival that nobody waits for is remembered.
    pub fn arrivals(&self, queue: &str) -> Arc<Notify> {
        self.lock().queues.entry(queue.to_owned()).or_default().arrived.clone()
    }

    /// Forgets messages that were taken and are done.
    pub fn settle(&self, taken: &[Queued]) {
        self.lock().open_bytes -= taken.iter().map(|queued| cost(&queued.parcel)).sum::<usize>();
        self.open.send_modify(|open| *open -= taken.len());
    }

    /// Puts messages back to the front of their queue, each before those of its priority, in their old order,
    /// marked as redelivered.
    pub fn give_back(&self, queue: &str, taken: Vec<Queued>) {
        if taken.is_empty() {
            return;
        }
        let mut state = self.lock();
        let queue = state.queues.entry(queue.to_owned()).or_default();
        for queued in taken.into_iter().rev() {
            queue.waiting.push_front(Queued { redelivered: true, ..queued });
        }
        queue.arrived.notify_one();
    }

    /// Keeps a dead letter; the oldest goes when there are too many.
    pub fn bury(&self, dead: DeadLetter) {
        let mut state = self.lock();
        state.dead_letters.push_back(dead);
        if state.dead_letters.len() > DEAD_LETTERS_MAX {
            state.dead_letters.pop_front();
        }
    }

    /// The dead letters, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.lock().dead_letters.iter().cloned().collect()
    }

    /// Returns when every message that has arrived is settled.
    pub async fn settled(&self) {
        // It fails only when the sender is gone, which is in `self`.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// How many messages wait on a queue, without those that were taken.
    #[must_use]
    pub fn waiting(&self, queue: &str) -> usize {
        self.lock().queues.get(queue).map_or(0, |queue| queue.waiting.len())
    }

    /// How many messages have arrived and are not settled.
    #[must_use]
    pub fn open(&self) -> usize {
        *self.open.borrow()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(parcel: &Parcel) -> usize {
    parcel.body.len() + OVERHEAD_BYTES
}
