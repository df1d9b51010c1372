//! A clock that a case can turn.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use shared::clock::{Clock, SystemClock, UnixMs};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The machine's time, and as much more as it was turned; or a moment at which it stands, and as much more.
#[derive(Default)]
pub struct TurnedClock {
    ahead_ms: AtomicI64,
    stands_at: OnceLock<UnixMs>,
}

impl TurnedClock {
    /// Lets time pass.
    pub fn turn(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), SeqCst);
    }

    /// From here on it moves only when it is turned, so that a case knows its times to the millisecond. Functions that
    /// run elsewhere (`HARK_FUNCTIONS`) go by the machine: a moment of less than two hours from now, or sockets are
    /// past their life to them.
    pub fn stand_at(&self, moment: UnixMs) {
        self.stands_at.set(moment).expect("it stands at one moment");
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> UnixMs {
        let base = self.stands_at.get().copied().unwrap_or_else(|| SystemClock.now());
        base.plus(self.ahead_ms.load(SeqCst))
    }
}

/// A moment in the coming hour, and the name of a time zone in which it is ten minutes to that hour then.
pub fn ten_to(hour: i64) -> (UnixMs, String) {
    let now = SystemClock.now().0;
    let moment = now + HOUR_MS - (now - 50 * MINUTE_MS).rem_euclid(HOUR_MS);
    let ahead = (hour - 1 - moment / HOUR_MS + 12).rem_euclid(24) - 12;
    // Named by how far they are behind.
    (UnixMs(moment), format!("Etc/GMT{:+}", -ahead))
}
