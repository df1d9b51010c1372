//! The arithmetic: times, percentiles, and which messages of a room arrived.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

/// The one clock of a run: nanoseconds since it began. Senders and receivers are in one process,
/// so a sender's time stamp can be subtracted from a receiver's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// A clock that begins now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the clock began.
    pub(crate) fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The instant of `nanos` on this clock.
    pub(crate) fn at(self, nanos: u64) -> Instant {
        self.0 + Duration::from_nanos(nanos)
    }
}

/// The part of a run that counts: from the end of the warm-up to the end of sending, in
/// nanoseconds of the run's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) until: u64,
}

impl Window {
    /// Whether `nanos` is inside.
    pub(crate) fn holds(self, nanos: u64) -> bool {
        (self.from..self.until).contains(&nanos)
    }
}

/// Latencies, recorded in nanoseconds with three significant digits.
#[derive(Clone, Debug)]
pub(crate) struct Latency(Histogram<u32>);

impl Default for Latency {
    fn default() -> Self {
        let mut histogram = Histogram::new(3).expect("three digits are within the allowed range");
        histogram.auto(true);
        Self(histogram)
    }
}

impl Latency {
    /// Adds one latency.
    pub(crate) fn record(&mut self, nanos: u64) {
        self.0.record(nanos).expect("a histogram that resizes itself takes any value");
    }

    /// Adds all of `other`'s latencies.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("a histogram that resizes itself takes any value");
    }

    /// The percentiles so far, or none when nothing was recorded.
    pub(crate) fn summary(&self) -> Option<Percentiles> {
        let at = |quantile| micros(self.0.value_at_quantile(quantile));
        (!self.0.is_empty()).then(|| Percentiles {
            count: self.0.len(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(self.0.max()),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a latency is far below 2^52 ns")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}

/// Percentiles of latencies, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) max_us: f64,
}

/// A set of one room's seqs, one bit each: seqs count from 1 without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeqSet(Vec<u64>);

/// A seq beyond this is the server's mistake, not a message to make room for.
const HIGHEST_SEQ: u64 = 1 << 30;

impl SeqSet {
    /// Adds a seq; false when it was in already, or is impossible.
    pub(crate) fn insert(&mut self, seq: u64) -> bool {
        if seq > HIGHEST_SEQ {
            return false;
        }
        let (word, bit) = (usize::try_from(seq / 64).unwrap_or(0), 1 << (seq % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let fresh = self.0[word] & bit == 0;
        self.0[word] |= bit;
        fresh
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// How many are in.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many of this set are in neither `seen` nor `own`: the messages that a socket should have
    /// got and did not, when it `own`s (sent) some of them itself.
    pub(crate) fn missing_in(&self, seen: &Self, own: &Self) -> u64 {
        let word = |set: &Self, index: usize| set.0.get(index).copied().unwrap_or(0);
        let missing = self.0.iter().enumerate();
        missing
            .map(|(index, all)| all & !word(seen, index) & !word(own, index))
            .map(|left| u64::from(left.count_ones()))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(seqs: impl IntoIterator<Item = u64>) -> SeqSet {
        let mut set = SeqSet::default();
        for seq in seqs {
            assert!(set.insert(seq));
        }
        set
    }

    #[test]
    fn merged_histograms_have_the_percentiles_of_all_values() {
        let (mut low, mut high) = (Latency::default(), Latency::default());
        (1..=50).for_each(|value| low.record(value * 1_000_000));
        (51..=100).for_each(|value| high.record(value * 1_000_000));
        low.merge(&high);
        let merged = low.summary().unwrap();
        assert_eq!(merged.count, 100);
        assert!((merged.p50_us - 50_000.0).abs() < 100.0, "{merged:?}");
        assert!((merged.p99_us - 99_000.0).abs() < 150.0, "{merged:?}");
        assert!((merged.max_us - 100_000.0).abs() < 150.0, "{merged:?}");
    }

    #[test]
    fn an_empty_histogram_has_no_percentiles() {
        assert_eq!(Latency::default().summary(), None);
    }

    #[test]
    fn a_seq_that_comes_again_is_a_duplicate() {
        let mut seen = set([1, 64, 200]);
        assert!(!seen.insert(64));
        assert!(seen.insert(65));
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn an_impossible_seq_is_not_stored() {
        assert!(!SeqSet::default().insert(u64::MAX));
    }

    #[test]
    fn missing_are_the_stored_that_were_neither_seen_nor_sent_by_oneself() {
        let stored = set(1..=130);
        let seen = set((1..=128).filter(|seq| seq % 10 != 0));
        let own = set([10, 20]);
        // 12 tens up to 128, less two of its own, and 129 and 130, which lie beyond `seen`.
        assert_eq!(stored.missing_in(&seen, &own), 12);
        assert_eq!(stored.missing_in(&stored, &SeqSet::default()), 0);
    }

    #[test]
    fn merging_sets_of_different_length_keeps_both() {
        let mut short = set([1]);
        short.merge(&set([1, 2, 300]));
        assert_eq!(short.len(), 3);
    }

    #[test]
    fn a_window_begins_after_the_warm_up_and_ends_with_sending() {
        let window = Window { from: 10, until: 20 };
        assert!(window.holds(10) && window.holds(19));
        assert!(!window.holds(9) && !window.holds(20));
    }
}
