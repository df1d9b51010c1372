//! What the sockets have done, for tests and `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the runner's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames accepted for a socket by `post`; replies to frames are not counted.
    pub posts: u64,
    /// Posts to a socket that isn't there, or is closing.
    pub posts_gone: u64,
    /// Posts that met a fault and were not sent.
    pub posts_refused: u64,
    /// Sockets opened.
    pub opened: u64,
    /// Sockets closed.
    pub closed: u64,
}

#[derive(Default)]
pub(super) struct Tally {
    posts: AtomicU64,
    posts_gone: AtomicU64,
    posts_refused: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
}

impl Tally {
    pub(super) fn posted(&self) {
        self.posts.fetch_add(1, Relaxed);
    }

    pub(super) fn found_gone(&self) {
        self.posts_gone.fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self) {
        self.posts_refused.fetch_add(1, Relaxed);
    }

    pub(super) fn opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            posts: self.posts.load(Relaxed),
            posts_gone: self.posts_gone.load(Relaxed),
            posts_refused: self.posts_refused.load(Relaxed),
            opened: self.opened.load(Relaxed),
            closed: self.closed.load(Relaxed),
        }
    }
}
