//! How often something may happen, counted in this process alone: for what Redis counts while it is
//! away, and for what needs no common count.

mod rate;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::UnixMs;
pub use rate::Rate;

/// Counts per key (a user, an address), in memory that is bounded: past `capacity` keys those are
/// forgotten that may soonest go on at full burst anyway.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    capacity: usize,
    /// Key -> theoretical arrival time of the next one (us).
    arrivals: Mutex<HashMap<K, i64>>,
}

impl<K: Eq + Hash> Limiter<K> {
    #[must_use]
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity: capacity.max(1), arrivals: Mutex::default() }
    }

    /// Counts one of `key`.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    pub fn count(&self, key: K, now: UnixMs) -> Result<(), u64> {
        let mut arrivals = self.lock();
        if arrivals.len() >= self.capacity && !arrivals.contains_key(&key) {
            make_room(&mut arrivals, now);
        }
        self.rate.count(arrivals.entry(key).or_default(), now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, i64>> {
        // A panic elsewhere leaves a count too many or too few at worst.
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets those who owe nothing any more, or the half that owes least: so that it is done seldom.
fn make_room<K: Eq + Hash>(arrivals: &mut HashMap<K, i64>, now: UnixMs) {
    let full = arrivals.len();
    let now = now.0.saturating_mul(1000);
    arrivals.retain(|_, arrival| *arrival > now);
    if arrivals.len() > full / 2 {
        let mut owed: Vec<i64> = arrivals.values().copied().collect();
        let middle = owed.len() / 2;
        let least = *owed.select_nth_unstable(middle).1;
        arrivals.retain(|_, arrival| *arrival > least);
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
            assert!(limiter.lock().len() <= 100);
        }
        assert!(limiter.count(0, NOW).is_err());
    }
}
