//! A run of functions beside Hark's own, on its stores and sockets, whose bus the case looks into.

use std::error::Error;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use shared::app::App;
use shared::chat::send;
use shared::clock::UnixMs;
use shared::frames::{Ack, Draft, Target};
use shared::identity::Caller;
use shared::ids::{ClientMessageId, RoomRef, UserId};
use shared::mq_event::{BasicProperties, RabbitMqEvent, RabbitMqMessage};
use shared::names::{Content, Kind};
use shared::parcel::Parcel;
use shared::ports::{Bus, BusError, Delay, Event, QueueDepth};
use tokio::sync::watch;

use crate::hark::{Client, Hark};

/// A bus that keeps what it is given: nothing of it arrives anywhere.
#[derive(Default)]
pub struct Kept {
    events: Mutex<Vec<(Option<Delay>, Event)>>,
    dead: Mutex<Vec<DeadLetter>>,
    refuses: AtomicBool,
    waiting: Mutex<Vec<QueueDepth>>,
    counted: watch::Sender<u64>,
}

#[derive(Debug)]
pub struct DeadLetter {
    pub queue: String,
    pub body: Vec<u8>,
    pub reason: String,
}

impl Kept {
    /// What was published since it was last asked, each with its delay, but for the news of who came and went; no
    /// dead letter, unless it was taken before.
    pub fn take(&self) -> Vec<(Option<Delay>, Event)> {
        let dead = self.take_dead();
        assert!(dead.is_empty(), "{dead:?}");
        let kept = take(&mut *self.events.lock().unwrap());
        kept.into_iter().filter(|(_, event)| !matches!(event, Event::StatusChanged(_))).collect()
    }

    pub fn take_dead(&self) -> Vec<DeadLetter> {
        take(&mut *self.dead.lock().unwrap())
    }

    /// Whether it takes nothing from now on.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, SeqCst);
    }

    /// Lets so many messages wait in a queue from now on.
    pub fn wait_in(&self, queue: &str, messages: u64) {
        *self.waiting.lock().unwrap() = vec![QueueDepth { queue: queue.to_owned(), messages }];
    }

    /// Waits until somebody has counted what waits, so many times from now.
    pub async fn is_counted(&self, times: u64) {
        let mut counted = self.counted.subscribe();
        let from = *counted.borrow();
        counted.wait_for(|counted| *counted >= from + times).await.unwrap();
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

    async fn dead_letter(&self, queue: &str, body: &[u8], reason: &str, _: UnixMs) -> Result<(), BusError> {
        let (queue, reason) = (queue.to_owned(), reason.to_owned());
        self.dead.lock().unwrap().push(DeadLetter { queue, body: body.to_vec(), reason });
        Ok(())
    }

    async fn declare(&self) -> Result<(), BusError> {
        Ok(())
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        self.counted.send_modify(|counted| *counted += 1);
        Ok(self.waiting.lock().unwrap().clone())
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

/// Sends a message as the user's own function would, from no connection.
pub async fn say(app: &App, sender: &Client, room: i64, content: &str) -> Ack {
    let account = app.accounts.account(UserId(sender.id)).await.unwrap().unwrap();
    let sender = Caller::of(&account, UnixMs(i64::MAX), app.clock.now()).unwrap();
    let draft = Draft {
        target: Target::Room(RoomRef::Id(room.into())),
        content: Content::parse(content).unwrap(),
        kind: Kind::default(),
        reply_to: None,
        metadata: None,
    };
    let id = ClientMessageId::parse(content).unwrap();
    send::send(app, &sender, None, id, draft).await.unwrap()
}

/// Hands one event to `deliver` as its queue would.
///
/// # Errors
/// When it has to come again.
pub async fn deliver(app: &App, event: &Event) -> Result<(), Box<dyn Error + Send + Sync>> {
    deliver::handle(app, batch(app, event)).await
}

/// The same with `relay`.
///
/// # Errors
/// When it has to come again.
pub async fn relay(app: &App, event: &Event) -> Result<(), Box<dyn Error + Send + Sync>> {
    relay::handle(app, batch(app, event)).await
}

fn batch(app: &App, event: &Event) -> RabbitMqEvent {
    let parcel = Parcel::of_event(event, app.clock.now(), app.config.chat.fanout_queues);
    let message = RabbitMqMessage::new(BasicProperties::default(), false, &parcel.body);
    RabbitMqEvent::of_queue(&parcel.routing_key, "/", "arn:aws:mq:test", vec![message])
}
