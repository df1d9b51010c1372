use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Rate;
use crate::clock::UnixMs;

/// Where each key stands in its rate, in memory that is bounded: past `capacity` keys those are forgotten
/// that may soonest go on at full burst anyway.
#[derive(Debug)]
pub struct Arrivals<K> {
    capacity: usize,
    /// Key -> theoretical arrival time of the next one (us).
    arrivals: Mutex<HashMap<K, i64>>,
}

impl<K: Eq + Hash> Arrivals<K> {
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), arrivals: Mutex::default() }
    }

    /// Counts one of `key`, which always comes with the same rate.
    ///
    /// # Errors
    /// Milliseconds to wait; nothing was counted.
    pub fn count(&self, key: K, rate: Rate, now: UnixMs) -> Result<(), u64> {
        let mut arrivals = self.lock();
        if arrivals.len() >= self.capacity && !arrivals.contains_key(&key) {
            make_room(&mut arrivals, now);
        }
        rate.count(arrivals.entry(key).or_default(), now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, i64>> {
        // A panic elsewhere leaves a count too many or too few at worst.
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
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
