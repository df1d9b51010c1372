//! What came of one load: figures, ready for the table and for JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::load::Load;
use crate::measure::{Latency, Percentiles, SeqSet};
use crate::receive::Inbox;
use crate::send::Sender;

/// The figures of one load. Counts are of the whole load; latencies, rates and CPU of the measured
/// window.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) scenario: String,
    /// `embedded`, `real`, or `given` for a server that ran already.
    pub(crate) mode: String,
    pub(crate) load: Load,
    pub(crate) sockets: u64,
    pub(crate) connects_per_second: f64,
    pub(crate) members: Members,
    pub(crate) deliveries_per_second: f64,
    /// CPU time of the server process in the window, in cores. The services' is not in it.
    pub(crate) server_cores: Option<f64>,
    pub(crate) cpu_us_per_delivery: Option<f64>,
    pub(crate) idle_bytes_per_socket: Option<f64>,
    /// Sockets that the server closed before the end.
    pub(crate) closed_early: u64,
}

/// What the members of all rooms saw.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Members {
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    /// Sends that got neither an ack nor an error.
    pub(crate) unanswered: u64,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) ack: Option<Percentiles>,
    pub(crate) end_to_end: Option<Percentiles>,
    /// How late the driver itself was in sending.
    pub(crate) lateness: Option<Percentiles>,
    /// Deliveries that arrived, each counted once.
    pub(crate) deliveries: u64,
    /// Stored messages that a socket of the room never got, summed over the sockets.
    pub(crate) missing: u64,
    /// Deliveries that came again, or came back to their sender.
    pub(crate) duplicates: u64,
    #[serde(skip)]
    pub(crate) closed_early: u64,
}

impl Members {
    /// Puts together what senders and listeners of all rooms saw.
    pub(crate) fn add_up(senders: &[Sender], listeners: &[Inbox]) -> Self {
        let mut all = Self::default();
        let mut stored: BTreeMap<i64, SeqSet> = BTreeMap::new();
        for sender in senders {
            all.count_sends(sender);
            stored.entry(sender.inbox.room).or_default().merge(&sender.stored);
        }
        let nothing = SeqSet::default();
        let own = senders.iter().map(|sender| (&sender.inbox, &sender.stored));
        for (inbox, own) in own.chain(listeners.iter().map(|inbox| (inbox, &nothing))) {
            all.count_deliveries(inbox, own, &stored[&inbox.room]);
        }
        all.summarise(senders, listeners);
        all
    }

    fn count_sends(&mut self, sender: &Sender) {
        let failed: u64 = sender.errors.values().sum();
        let acked = sender.acked;
        self.sent += sender.sent;
        self.acked += acked;
        self.unanswered += sender.sent.saturating_sub(acked + failed);
        for (code, count) in &sender.errors {
            *self.errors.entry(code.clone()).or_default() += count;
        }
    }

    fn count_deliveries(&mut self, inbox: &Inbox, own: &SeqSet, stored: &SeqSet) {
        let came_back = own.len() - own.missing_in(&inbox.seen, &SeqSet::default());
        self.deliveries += inbox.seen.len();
        self.missing += stored.missing_in(&inbox.seen, own);
        self.duplicates += inbox.duplicates + came_back;
        self.closed_early += u64::from(inbox.closed_early);
    }

    fn summarise(&mut self, senders: &[Sender], listeners: &[Inbox]) {
        let inboxes = senders.iter().map(|sender| &sender.inbox).chain(listeners);
        self.end_to_end = merged(inboxes.map(|inbox| &inbox.latency));
        self.ack = merged(senders.iter().map(|sender| &sender.acks));
        self.lateness = merged(senders.iter().map(|sender| &sender.lateness));
    }
}

fn merged<'a>(parts: impl Iterator<Item = &'a Latency>) -> Option<Percentiles> {
    let mut all = Latency::default();
    parts.for_each(|part| all.merge(part));
    all.summary()
}

/// What the server process used during the measured window, and what was delivered meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) elapsed: Duration,
    pub(crate) cpu: Option<Duration>,
    pub(crate) deliveries: u64,
}

#[expect(clippy::cast_precision_loss, reason = "a run's deliveries are far below 2^52")]
impl Work {
    /// Deliveries a second.
    pub(crate) fn rate(self) -> f64 {
        self.deliveries as f64 / self.elapsed.as_secs_f64()
    }

    /// Cores that the server kept busy.
    pub(crate) fn cores(self) -> Option<f64> {
        Some(self.cpu?.as_secs_f64() / self.elapsed.as_secs_f64())
    }

    /// Server CPU for each delivery, in microseconds.
    pub(crate) fn cpu_us_per_delivery(self) -> Option<f64> {
        let cpu = self.cpu.filter(|_| self.deliveries > 0)?;
        Some(cpu.as_secs_f64() * 1e6 / self.deliveries as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_spread_over_the_deliveries_of_the_window() {
        let work =
            Work { elapsed: Duration::from_secs(2), cpu: Some(Duration::from_secs(1)), deliveries: 20_000 };
        assert_eq!(work.cpu_us_per_delivery(), Some(50.0));
        assert_eq!((work.rate(), work.cores()), (10_000.0, Some(0.5)));
    }

    #[test]
    fn no_delivery_has_no_cost() {
        let work = Work { elapsed: Duration::from_secs(1), cpu: Some(Duration::from_secs(1)), deliveries: 0 };
        assert_eq!(work.cpu_us_per_delivery(), None);
    }
}
