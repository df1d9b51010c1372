//! A clock that a case can turn.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use shared::clock::{Clock, SystemClock, UnixMs};

/// The machine's time, and as much more as it was turned.
#[derive(Default)]
pub struct TurnedClock {
    ahead_ms: AtomicI64,
}

impl TurnedClock {
    /// Lets time pass.
    pub fn turn(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), SeqCst);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> UnixMs {
        SystemClock.now().plus(self.ahead_ms.load(SeqCst))
    }
}
