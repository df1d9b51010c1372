//! The bus in process: the routing and the bytes of the real one, queues in memory.

mod lanes;
mod queues;

use std::sync::Arc;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::parcel::Parcel;
use shared::ports::{Bus, BusError, Delay, Event, QueueDepth};

pub use queues::{DeadLetter, Queued, Queues};

/// Publishes into [`Queues`], which the runner's event source reads.
pub struct InProcessBus {
    queues: Arc<Queues>,
    fanout_queues: u32,
}

impl InProcessBus {
    /// `fanout_queues` is how many `chat.fanout.N` run in parallel.
    #[must_use]
    pub fn new(queues: Arc<Queues>, fanout_queues: u32) -> Self {
        Self { queues, fanout_queues }
    }

    fn parcels(&self, events: &[Event], now: UnixMs) -> Vec<Parcel> {
        events.iter().map(|event| Parcel::of_event(event, now, self.fanout_queues)).collect()
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, events: &[Event], now: UnixMs) -> Result<(), BusError> {
        self.queues.push(self.parcels(events, now))
    }

    async fn publish_after(&self, events: &[Event], delay: Delay, now: UnixMs) -> Result<(), BusError> {
        self.queues.push_after(self.parcels(events, now), delay.duration())
    }

    async fn dead_letter(&self, queue: &str, body: &[u8], reason: &str, now: UnixMs) -> Result<(), BusError> {
        self.queues.bury(Parcel::dead(queue, body, reason, now));
        Ok(())
    }

    /// A queue is there as soon as it is named.
    async fn declare(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        Ok(self.queues.depths())
    }

    async fn ping(&self) -> Result<(), BusError> {
        Ok(())
    }
}
