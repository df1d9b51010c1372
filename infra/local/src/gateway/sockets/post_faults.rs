//! Posts that go wrong on demand, in the order in which a list says so.

use super::PostError;
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// What becomes of some posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostFault {
    /// How they are answered.
    pub answer: PostAnswer,
    /// The connection whose posts it meets; None: everybody's.
    pub connection: Option<String>,
    /// How many posts it has yet to meet; None: all, until it is switched off.
    pub posts: Option<u32>,
}

/// How a post is answered that meets a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostAnswer {
    /// In this way, and the frame is not sent.
    Refused(PostError),
    /// So much later than the frame was sent: whoever waits for less doesn't know that it was.
    Late(Duration),
}

impl PostFault {
    /// Of every post to everybody.
    pub const fn every(answer: PostAnswer) -> Self {
        Self { answer, connection: None, posts: None }
    }

    fn meets(&self, id: &str) -> bool {
        self.connection.as_deref().is_none_or(|connection| connection == id)
    }

    fn is_spent(&self) -> bool {
        self.posts == Some(0)
    }
}

/// The faults that are on.
#[derive(Debug, Default)]
pub(super) struct PostFaults {
    /// Spares every post the lock while there is none.
    is_any: AtomicBool,
    faults: Mutex<Vec<PostFault>>,
}

impl PostFaults {
    pub(super) fn set(&self, faults: Vec<PostFault>) {
        let mut current = self.lock();
        *current = faults;
        self.note(&mut current);
    }

    /// The answer of the first fault that a post to `id` meets, which is one nearer to its end then.
    pub(super) fn meet(&self, id: &str) -> Option<PostAnswer> {
        if !self.is_any.load(Relaxed) {
            return None;
        }
        let mut faults = self.lock();
        let met = faults.iter_mut().find(|fault| fault.meets(id))?;
        met.posts = met.posts.map(|left| left.saturating_sub(1));
        let answer = met.answer;
        self.note(&mut faults);
        Some(answer)
    }

    fn note(&self, faults: &mut Vec<PostFault>) {
        faults.retain(|fault| !fault.is_spent());
        self.is_any.store(!faults.is_empty(), Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PostFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
