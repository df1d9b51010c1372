//! The open loop: says when each message is due, whether or not the server keeps up.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::measure::Clock;

/// Deals intended send times, `rate` a second until `until`, to senders in turn.
///
/// On a thread of its own: tokio's timer goes by the millisecond, which would be added to every
/// latency; a sleeping thread wakes within some 60 µs. The channels have no bound, so a slow
/// server delays sending but never the intended times: no coordinated omission.
pub(crate) fn start(
    clock: Clock,
    rate: f64,
    until: u64,
    senders: usize,
) -> (JoinHandle<()>, Vec<UnboundedReceiver<u64>>) {
    let (ticks, dues): (Vec<_>, Vec<_>) = (0..senders).map(|_| unbounded_channel()).unzip();
    let beat = Duration::from_secs_f64(1.0 / rate);
    (std::thread::spawn(move || deal(clock, beat, until, &ticks)), dues)
}

fn deal(clock: Clock, beat: Duration, until: u64, ticks: &[UnboundedSender<u64>]) {
    let beat = beat.as_nanos();
    for (number, tick) in (0_u128..).zip(ticks.iter().cycle()) {
        let due = u64::try_from(number * beat).unwrap_or(u64::MAX);
        // A sender whose socket closed takes no more: then the rest of the load goes on.
        if due >= until || ticks.iter().all(UnboundedSender::is_closed) {
            return;
        }
        std::thread::sleep(clock.at(due).saturating_duration_since(Instant::now()));
        let _ = tick.send(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sender_gets_its_turn_at_the_intended_times() {
        let (thread, mut dues) = start(Clock::start(), 1000.0, 10_000_000, 3);
        thread.join().unwrap();
        let mut all = |index: usize| std::iter::from_fn(|| dues[index].try_recv().ok()).collect();
        let first: Vec<u64> = all(0);
        let last: Vec<u64> = all(2);
        assert_eq!(first, [0, 3_000_000, 6_000_000, 9_000_000]);
        assert_eq!(last, [2_000_000, 5_000_000, 8_000_000]);
    }
}
