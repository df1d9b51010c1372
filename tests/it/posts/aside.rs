//! A run of functions beside Hark's own, on its stores and sockets, whose bus the case looks into.

use std::error::Error;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use shared::app::App;
use shared::clock::UnixMs;
use shared::mq_event::{BasicProperties, RabbitMqEvent, RabbitMqMessage};
use shared::parcel::Parcel;
use shared::ports::{Bus, BusError, Delay, Event, QueueDepth};

use crate::hark::Hark;

/// A bus that keeps what it is given: nothing of it arrives anywhere.
#[derive(Default)]
pub struct Kept {
    events: Mutex<Vec<(Option<Delay>, Event)>>,
    refuses: AtomicBool,
}

impl Kept {
    /// What was published since it was last asked, each with its delay, but for the news of who came and went.
    pub fn take(&self) -> Vec<(Option<Delay>, Event)> {
        let kept = take(&mut *self.events.lock().unwrap());
        kept.into_iter().filter(|(_, event)| !matches!(event, Event::StatusChanged(_))).collect()
    }

    /// Whether it takes nothing from now on.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, SeqCst);
    }

    fn keep(&self, delay: Option<Delay>, events: &[Event]) -> Result<(), BusError> {
        if self.refuses.load(SeqCst) {
            return Err(BusError::Unavailable("it refuses".to_owned()));
        }
        self.events.lock().unwrap().extend(events.iter().map(|event| (delay, event.clone())));
        Ok(())
    }
}

#[async_trait]
impl Bus for Kept {
    async fn publish(&self, events: &[Event], _: UnixMs) -> Result<(), BusError> {
        self.keep(None, events)
    }

    async fn publish_after(&self, events: &[Event], delay: Delay, _: UnixMs) -> Result<(), BusError> {
        self.keep(Some(delay), events)
    }

    async fn dead_letter(&self, queue: &str, _: &[u8], reason: &str, _: UnixMs) -> Result<(), BusError> {
        panic!("a dead letter of {queue}: {reason}");
    }

    async fn declare(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        Ok(Vec::new())
    }

    async fn ping(&self) -> Result<(), BusError> {
        Ok(())
    }
}

/// What Hark's functions work with, but for the bus.
pub fn aside(hark: &Hark) -> (App, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    (App { bus: kept.clone(), ..App::clone(hark.running.app()) }, kept)
}

/// Hands one event to `deliver` as its queue would.
///
/// # Errors
/// When it has to come again.
pub async fn deliver(app: &App, event: &Event) -> Result<(), Box<dyn Error + Send + Sync>> {
    let parcel = Parcel::of_event(event, app.clock.now(), app.config.chat.fanout_queues);
    let message = RabbitMqMessage::new(BasicProperties::default(), false, &parcel.body);
    let batch = RabbitMqEvent::of_queue(&parcel.routing_key, "/", "arn:aws:mq:test", vec![message]);
    deliver::handle(app, batch).await
}
