//! A bus that remembers its outages: the first success after one asks for a sweep of what was committed
//! meanwhile.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scopeguard::{ScopeGuard, guard};

use crate::clock::UnixMs;
use crate::ports::{Bus, BusError, Delay, Event, QueueDepth, SweepOutbox};

/// How long before its publish a row may have been opened, in milliseconds: longer than a statement and
/// the posts take together, on a busy machine too.
const COMMITTED_BEFORE_MS: i64 = 3_000;

/// Any bus, with the sweep after its outages.
///
/// The sweep comes a second later: until then, what others have in flight is settled, so it finds only what
/// was lost. It carries the span of the outage, so that after a single slow publish there is next to
/// nothing to look for.
pub struct SweepingBus<B> {
    bus: B,
    /// Since when nothing could be published.
    away_since: Mutex<Option<UnixMs>>,
}

impl<B: Bus> SweepingBus<B> {
    #[must_use]
    pub const fn new(bus: B) -> Self {
        Self { bus, away_since: Mutex::new(None) }
    }

    /// Asks for the sweep of an outage that is over; one that can't be asked for is tried at the next success.
    async fn recovered(&self, now: UnixMs) {
        let Some(since) = self.lock().take() else { return };
        let kept = self.failed_unless_taken_back(since);
        let sweep = SweepOutbox { from: since.plus(-COMMITTED_BEFORE_MS), until: now };
        match self.bus.publish_after(&[Event::SweepOutbox(sweep)], Delay::OneSecond, now).await {
            Ok(()) => {
                ScopeGuard::into_inner(kept);
                tracing::info!(away_ms = now.0 - since.0, "the bus is back");
            }
            Err(error) => tracing::warn!(%error, "no sweep was asked for"),
        }
    }

    /// Of a publish under way: also when its caller gives up waiting, it has failed.
    fn failed_unless_taken_back(&self, began: UnixMs) -> ScopeGuard<UnixMs, impl FnOnce(UnixMs)> {
        guard(began, |began| self.failed_at(began))
    }

    fn failed_at(&self, now: UnixMs) {
        let mut since = self.lock();
        *since = Some(since.map_or(now, |earlier| earlier.min(now)));
    }

    fn lock(&self) -> MutexGuard<'_, Option<UnixMs>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.away_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<B: Bus> Bus for SweepingBus<B> {
    async fn publish(&self, events: &[Event], now: UnixMs) -> Result<(), BusError> {
        let failed = self.failed_unless_taken_back(now);
        self.bus.publish(events, now).await?;
        ScopeGuard::into_inner(failed);
        self.recovered(now).await;
        Ok(())
    }

    /// Whoever publishes late has the events come again when it fails: nothing to sweep.
    async fn publish_after(&self, events: &[Event], delay: Delay, now: UnixMs) -> Result<(), BusError> {
        self.bus.publish_after(events, delay, now).await
    }

    async fn dead_letter(&self, queue: &str, body: &[u8], reason: &str, now: UnixMs) -> Result<(), BusError> {
        self.bus.dead_letter(queue, body, reason, now).await
    }

    async fn declare(&self) -> Result<(), BusError> {
        self.bus.declare().await
    }

    fn wake(&self) {
        self.bus.wake();
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        self.bus.depths().await
    }

    async fn ping(&self) -> Result<(), BusError> {
        self.bus.ping().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use crate::ids::RoomId;
    use crate::ports::FanoutChunk;

    /// Away when told to be, or silent; keeps what waits.
    #[derive(Default)]
    struct Line {
        is_away: AtomicBool,
        is_silent: AtomicBool,
        late: Mutex<Vec<Event>>,
    }

    impl Line {
        async fn answer(&self) -> Result<(), BusError> {
            if self.is_silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.is_away.load(Ordering::SeqCst) {
                return Err(BusError::Unavailable("away".to_owned()));
            }
            Ok(())
        }
    }

    #[async_trait]
    impl Bus for Line {
        async fn publish(&self, _: &[Event], _: UnixMs) -> Result<(), BusError> {
            self.answer().await
        }
        async fn publish_after(&self, events: &[Event], _: Delay, _: UnixMs) -> Result<(), BusError> {
            self.answer().await?;
            self.late.lock().expect("no panic in here").extend_from_slice(events);
            Ok(())
        }
        async fn dead_letter(&self, _: &str, _: &[u8], _: &str, _: UnixMs) -> Result<(), BusError> {
            self.answer().await
        }
        async fn declare(&self) -> Result<(), BusError> {
            self.answer().await
        }
        async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
            Ok(Vec::new())
        }

        async fn ping(&self) -> Result<(), BusError> {
            self.answer().await
        }
    }

    fn event() -> [Event; 1] {
        let room = Some(RoomId(1));
        let chunk = FanoutChunk { room, ..FanoutChunk::default() };
        [Event::FanoutChunk(chunk)]
    }

    fn asked(bus: &SweepingBus<Line>) -> Vec<Event> {
        std::mem::take(&mut bus.bus.late.lock().expect("no panic in here"))
    }

    fn sweep(from: i64, until: i64) -> Event {
        Event::SweepOutbox(SweepOutbox { from: UnixMs(from), until: UnixMs(until) })
    }

    #[tokio::test]
    async fn the_first_success_after_an_outage_asks_once_for_its_sweep() {
        let bus = SweepingBus::new(Line::default());
        bus.publish(&event(), UnixMs(5_000)).await.expect("it is there");
        assert_eq!(asked(&bus), []);

        bus.bus.is_away.store(true, Ordering::SeqCst);
        for at in [6_000, 7_000] {
            bus.publish(&event(), UnixMs(at)).await.expect_err("it is away");
        }
        bus.bus.is_away.store(false, Ordering::SeqCst);
        for at in [9_000, 9_001] {
            bus.publish(&event(), UnixMs(at)).await.expect("it is back");
        }
        assert_eq!(asked(&bus), [sweep(3_000, 9_000)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_publish_that_nobody_waited_for_counts_as_failed() {
        let bus = SweepingBus::new(Line::default());
        bus.bus.is_silent.store(true, Ordering::SeqCst);
        let events = event();
        let given_up = tokio::time::timeout(Duration::from_secs(1), bus.publish(&events, UnixMs(6_000)));
        given_up.await.expect_err("it is silent");
        bus.bus.is_silent.store(false, Ordering::SeqCst);
        bus.publish(&event(), UnixMs(9_000)).await.expect("it is back");
        assert_eq!(asked(&bus), [sweep(3_000, 9_000)]);
    }
}
