//! A bus with its queues, of either kind.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use local::embedded::bus::{InProcessBus, Queues};
use local::invoke::Invoker;
use local::source::{Broker, Sources};
use local::template::QueueSource;
use shared::parcel::Parcel;
use shared::ports::Bus;
use shared::rabbitmq::topology::{DEAD_LETTER_QUEUE, EXCHANGE};
use shared::rabbitmq::{RabbitBus, RabbitConfig};

use super::{FANOUT_QUEUES, chunk};
use crate::broker::Vhost;

pub struct World {
    pub bus: Arc<dyn Bus>,
    pub kind: Kind,
}

pub enum Kind {
    InProcess(Arc<Queues>),
    RabbitMq(Vhost),
}

/// A dead letter as people read it.
#[derive(Debug, PartialEq)]
pub struct Dead {
    pub queue: String,
    pub reason: String,
    pub body: Vec<u8>,
}

impl World {
    pub fn in_process() -> Self {
        let queues = Arc::new(Queues::default());
        let bus = InProcessBus::new(queues.clone(), FANOUT_QUEUES);
        Self { bus: Arc::new(bus), kind: Kind::InProcess(queues) }
    }

    /// On a virtual host with the topology.
    pub async fn rabbitmq() -> Self {
        let vhost = Vhost::create();
        let bus = rabbit_bus(&vhost.url);
        bus.declare().await.expect("the topology is declared");
        Self { bus: Arc::new(bus), kind: Kind::RabbitMq(vhost) }
    }

    fn broker(&self) -> Broker {
        match &self.kind {
            Kind::InProcess(queues) => Broker::InProcess(queues.clone()),
            Kind::RabbitMq(vhost) => Broker::RabbitMq(vhost.url.clone()),
        }
    }

    /// Feeds one queue to `function`.
    pub fn feed(
        &self,
        queue: &str,
        batch_size: usize,
        window: Duration,
        function: &Arc<dyn Invoker>,
    ) -> Sources {
        self.feed_all(&[queue], batch_size, window, function)
    }

    /// Feeds each of the queues to `function`.
    pub fn feed_all(
        &self,
        queues: &[&str],
        batch_size: usize,
        window: Duration,
        function: &Arc<dyn Invoker>,
    ) -> Sources {
        feed_from(&self.broker(), queues, batch_size, window, function)
    }

    /// Puts a body on a queue that no bus of ours would.
    pub async fn put(&self, queue: &str, body: &'static [u8]) {
        match &self.kind {
            Kind::InProcess(queues) => {
                let stray = Parcel {
                    routing_key: queue.to_owned(),
                    body: body.into(),
                    ..Parcel::of_event(&chunk(0), super::NOW, 1)
                };
                queues.push(vec![stray]).expect("there is room");
            }
            Kind::RabbitMq(vhost) => {
                let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
                let channel = vhost.channel().await;
                channel.confirm_select(Default::default()).await.expect("confirms are on");
                let sent = channel.basic_publish("".into(), queue.into(), options, body, properties).await;
                sent.expect("it is sent").await.expect("it is confirmed");
            }
        }
    }

    /// How many messages wait on a queue that nobody consumes.
    pub async fn waiting(&self, queue: &str) -> usize {
        match &self.kind {
            Kind::InProcess(queues) => queues.waiting(queue),
            Kind::RabbitMq(vhost) => {
                let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
                let channel = vhost.channel().await;
                let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
                queue.expect("the queue is there").message_count() as usize
            }
        }
    }

    /// Takes the dead letters.
    pub async fn dead_letters(&self) -> Vec<Dead> {
        match &self.kind {
            Kind::InProcess(queues) => queues.dead_letters().iter().map(dead_in_process).collect(),
            Kind::RabbitMq(vhost) => dead_on_rabbitmq(vhost).await,
        }
    }
}

/// Feeds each of a broker's queues to `function`.
pub fn feed_from(
    broker: &Broker,
    queues: &[&str],
    batch_size: usize,
    window: Duration,
    function: &Arc<dyn Invoker>,
) -> Sources {
    let source = |queue: &&str| QueueSource {
        queue: (*queue).to_owned(),
        function: "recorder".to_owned(),
        timeout: Duration::from_secs(10),
        batch_size,
        window,
    };
    Sources::start(queues.iter().map(source).collect(), vec![], broker, function)
}

pub fn rabbit_bus(url: &str) -> RabbitBus {
    let deadline = Duration::from_millis(500);
    RabbitBus::new(RabbitConfig {
        url: url.to_owned().into(),
        deadline,
        fanout_queues: FANOUT_QUEUES,
        exchange: EXCHANGE.to_owned(),
    })
}

fn dead_in_process(parcel: &Parcel) -> Dead {
    let header = |name| parcel.headers.iter().find(|(key, _)| *key == name).expect("the header is there");
    Dead { queue: header("queue").1.clone(), reason: header("reason").1.clone(), body: parcel.body.to_vec() }
}

async fn dead_on_rabbitmq(vhost: &Vhost) -> Vec<Dead> {
    let channel = vhost.channel().await;
    let mut dead = Vec::new();
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(DEAD_LETTER_QUEUE.into(), options).await.expect("it is read")
    {
        let headers = message.properties.headers().clone().expect("it has headers");
        let header = |name: &str| match headers.inner().get(name) {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            other => panic!("{name} is {other:?}"),
        };
        dead.push(Dead { queue: header("queue"), reason: header("reason"), body: message.data.clone() });
    }
    dead
}
