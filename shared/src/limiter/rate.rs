use crate::clock::UnixMs;

/// How fast something may happen (GCRA, as the script `admit.lua` has it).
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Microseconds between two at the full rate; 0 doesn't limit.
    interval: i64,
    burst: i64,
}

impl Rate {
    /// `burst`: how many may come at once after a pause, one at least.
    #[must_use]
    pub fn per_second(number: u32, burst: u32) -> Self {
        Self::per(1_000_000, number, burst)
    }

    /// As [`Rate::per_second`], for what is counted by the minute.
    #[must_use]
    pub fn per_minute(number: u32, burst: u32) -> Self {
        Self::per(60_000_000, number, burst)
    }

    /// As [`Rate::per_second`], for what is counted by the hour.
    #[must_use]
    pub fn per_hour(number: u32, burst: u32) -> Self {
        Self::per(3_600_000_000, number, burst)
    }

    /// Microseconds between two at the full rate; None when nothing is limited.
    #[must_use]
    pub fn interval_us(&self) -> Option<i64> {
        (self.interval > 0).then_some(self.interval)
    }

    /// How many may come at once after a pause.
    #[must_use]
    pub const fn burst(&self) -> i64 {
        self.burst
    }

    fn per(microseconds: i64, number: u32, burst: u32) -> Self {
        let interval = microseconds.checked_div(i64::from(number)).unwrap_or(0);
        Self { interval, burst: i64::from(burst.max(1)) }
    }

    /// Counts one. `arrival` is the theoretical arrival time of the next one, in microseconds, 0 at
    /// first.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    pub fn count(&self, arrival: &mut i64, now: UnixMs) -> Result<(), u64> {
        if self.interval == 0 {
            return Ok(());
        }
        let now = now.0.saturating_mul(1000);
        let next = (*arrival).max(now) + self.interval;
        let early = next - self.interval * self.burst - now;
        if early > 0 {
            return Err(u64::try_from(early).unwrap_or(0).div_ceil(1000));
        }
        *arrival = next;
        Ok(())
    }
}
