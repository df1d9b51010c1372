//! The live sockets: who is connected, and the way to each of them.
//!
//! [`Sockets`] is made before anything else, since the handlers post through it; the gateway fills it.

mod counters;
mod outbox;
mod socket;

pub use counters::Counters;
pub use outbox::Close;
pub(in crate::gateway) use outbox::End;
pub use socket::{Inspection, PostError, Socket};

use crate::faults::{Faults, PostAnswer, VirtualClock};
use bytes::Bytes;
use counters::Tally;
use shared::clock::SystemClock;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Enough that posts on all cores seldom meet in one lock.
const SHARDS: usize = 32;

/// The largest frame that can be posted, in bytes.
pub const MAX_POST: usize = 128 * 1024;

type Shard = HashMap<Arc<str>, Arc<Socket>>;

/// Every open socket by its connection id. Clones share one table.
#[derive(Clone)]
pub struct Sockets {
    inner: Arc<Inner>,
}

struct Inner {
    shards: [RwLock<Shard>; SHARDS],
    hasher: RandomState,
    tally: Tally,
    faults: Faults,
    clock: Arc<VirtualClock>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self::new()
    }
}

impl Sockets {
    /// An empty table, without a fault, by the machine's time.
    pub fn new() -> Self {
        Self::under(Faults::default(), VirtualClock::over(Arc::new(SystemClock)))
    }

    /// An empty table whose sockets meet `faults` and are dated by `clock`.
    pub fn under(faults: Faults, clock: VirtualClock) -> Self {
        let clock = Arc::new(clock);
        let (shards, hasher, tally) = Default::default();
        Self { inner: Arc::new(Inner { shards, hasher, tally, faults, clock }) }
    }

    /// Sends `frame` to one connection: a send into its queue, without a copy of the frame.
    ///
    /// # Errors
    /// [`PostError::TooLarge`] over [`MAX_POST`]; [`PostError::NotText`] when it is not UTF-8;
    /// [`PostError::Gone`] when there is no such connection, its `$connect` hasn't returned yet, or it is
    /// closing; whatever a fault says that this post meets.
    pub async fn post(&self, id: &str, frame: Bytes) -> Result<(), PostError> {
        match self.inner.faults.post(id) {
            None => self.send(id, frame),
            Some(PostAnswer::Refused(refusal)) => {
                self.inner.tally.refused();
                Err(refusal)
            }
            Some(PostAnswer::Late(late)) => {
                let sent = self.send(id, frame);
                sleep(late).await;
                sent
            }
        }
    }

    fn send(&self, id: &str, frame: Bytes) -> Result<(), PostError> {
        if frame.len() > MAX_POST {
            return Err(PostError::TooLarge);
        }
        let frame = Utf8Bytes::try_from(frame).map_err(|_| PostError::NotText)?;
        let pushed = self.get(id).ok_or(PostError::Gone).and_then(|socket| socket.push(frame));
        match pushed {
            Ok(()) => self.inner.tally.posted(),
            Err(_) => self.inner.tally.found_gone(),
        }
        pushed
    }

    /// Starts closing one connection; false when there is no such connection.
    pub fn close(&self, id: &str, close: Close) -> bool {
        self.get(id).is_some_and(|socket| socket.close(close))
    }

    /// What is known about one connection; None from the moment that it is closing.
    pub fn inspect(&self, id: &str) -> Option<Inspection> {
        self.get(id).and_then(|socket| socket.inspect())
    }

    /// How many sockets are open.
    pub fn len(&self) -> usize {
        let shards = self.inner.shards.iter();
        shards.map(|shard| read(shard).len()).sum()
    }

    /// Whether no socket is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has been counted since the start.
    pub fn counters(&self) -> Counters {
        self.inner.tally.read()
    }

    /// The faults that can be switched on.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// What the gateway reads the time from.
    pub fn clock(&self) -> &Arc<VirtualClock> {
        &self.inner.clock
    }

    /// Moves the clock forward: sockets whose time is over then are closed at once.
    pub fn advance(&self, by: Duration) {
        self.clock().advance(by);
        for shard in &self.inner.shards {
            read(shard).values().for_each(|socket| socket.wake());
        }
    }

    /// Makes `socket` reachable: its `$connect` has returned.
    pub(super) fn insert(&self, socket: Arc<Socket>) {
        self.inner.tally.opened();
        let id = socket.id.clone();
        write(self.shard(&id)).insert(id, socket);
    }

    /// Forgets a connection, which is closed.
    pub(super) fn remove(&self, id: &str) {
        if write(self.shard(id)).remove(id).is_some() {
            self.inner.tally.closed();
        }
    }

    /// Starts closing every socket.
    pub(super) fn close_all(&self, close: &Close) {
        for shard in &self.inner.shards {
            for socket in read(shard).values() {
                socket.close(close.clone());
            }
        }
    }

    fn get(&self, id: &str) -> Option<Arc<Socket>> {
        read(self.shard(id)).get(id).cloned()
    }

    fn shard(&self, id: &str) -> &RwLock<Shard> {
        let hash = self.inner.hasher.hash_one(id);
        // The table inside uses the low bits: the high ones pick the shard.
        let index = usize::try_from(hash >> 48).unwrap_or_default() % SHARDS;
        &self.inner.shards[index]
    }
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}
