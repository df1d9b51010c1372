use shared::clock::UnixMs;

/// How fast a user may send (GCRA, as the script `admit.lua` has it).
pub(super) struct Rate {
    /// Microseconds between two frames at the full rate; 0 doesn't limit.
    interval: i64,
    burst: i64,
}

impl Rate {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        let interval = 1_000_000_i64.checked_div(i64::from(per_second)).unwrap_or(0);
        Self { interval, burst: i64::from(burst.max(1)) }
    }

    /// Counts a frame. `arrival` is the theoretical arrival time of the next one, in microseconds.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    pub(super) fn count(&self, arrival: &mut i64, now: UnixMs) -> Result<(), u64> {
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
