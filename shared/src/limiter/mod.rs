//! How often something may happen, counted in this process alone: for what Redis counts while it is
//! away, and for what needs no common count.

mod arrivals;
mod rate;

use std::hash::Hash;

use crate::clock::UnixMs;
pub use arrivals::Arrivals;
pub use rate::Rate;

/// One rate for every key (a user, an address), in memory that is bounded.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    arrivals: Arrivals<K>,
}

impl<K: Eq + Hash> Limiter<K> {
    #[must_use]
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, arrivals: Arrivals::new(capacity) }
    }

    /// Counts one of `key`.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    pub fn count(&self, key: K, now: UnixMs) -> Result<(), u64> {
        self.arrivals.count(key, self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    #[test]
    fn a_burst_passes_and_the_next_one_waits_for_its_turn() {
        let limiter = Limiter::new(Rate::per_second(10, 3), 100);
        for _ in 0..3 {
            assert_eq!(limiter.count("ann", NOW), Ok(()));
        }
        assert_eq!(limiter.count("ann", NOW), Err(100));
        assert_eq!(limiter.count("bob", NOW), Ok(()), "one doesn't use up the rate of another");
        assert_eq!(limiter.count("ann", NOW.plus(99)), Err(1));
        assert_eq!(limiter.count("ann", NOW.plus(100)), Ok(()));
    }

    #[test]
    fn a_rate_of_a_minute_is_a_sixtieth() {
        let limiter = Limiter::new(Rate::per_minute(6, 1), 100);
        assert_eq!(limiter.count("ann", NOW), Ok(()));
        assert_eq!(limiter.count("ann", NOW), Err(10_000));
    }

    #[test]
    fn a_rate_of_an_hour_is_a_sixtieth_of_that() {
        let limiter = Limiter::new(Rate::per_hour(60, 1), 100);
        assert_eq!(limiter.count("ann", NOW), Ok(()));
        assert_eq!(limiter.count("ann", NOW), Err(60_000));
    }

    #[test]
    fn a_rate_of_zero_does_not_limit() {
        let limiter = Limiter::new(Rate::per_second(0, 1), 100);
        assert!((0..1000).all(|_| limiter.count("ann", NOW).is_ok()));
    }

    #[test]
    fn memory_is_bounded_and_who_owes_most_stays_limited() {
        let limiter = Limiter::new(Rate::per_second(10, 3), 100);
        while limiter.count(0, NOW).is_ok() {}
        for key in 1..=10_000 {
            assert_eq!(limiter.count(key, NOW), Ok(()));
            assert!(limiter.arrivals.len() <= 100);
        }
        assert!(limiter.count(0, NOW).is_err());
    }
}
