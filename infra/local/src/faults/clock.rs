//! The runner's clock, which can be moved forward.

use shared::clock::{Clock, UnixMs};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

/// Another clock and as much more as this one was moved. The gateway's limits and events go by it, and the functions
/// that run in this process; what waits for seconds of the machine's (queues, schedules, deadlines) doesn't.
pub struct VirtualClock {
    base: Arc<dyn Clock>,
    ahead_ms: AtomicI64,
}

impl VirtualClock {
    /// One that shows what `base` shows.
    pub fn over(base: Arc<dyn Clock>) -> Self {
        Self { base, ahead_ms: AtomicI64::new(0) }
    }

    /// How far it is ahead, in milliseconds.
    pub(crate) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(SeqCst)
    }

    /// Moves it forward; whoever sleeps by it has to be woken.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(by, SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> UnixMs {
        self.base.now().plus(self.ahead_ms())
    }
}
