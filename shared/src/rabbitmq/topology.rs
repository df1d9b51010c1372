//! The exchanges and queues, as the publisher, the `migrate` function and the runner declare them.
//!
//! Declaring is idempotent: what is there with the same arguments stays as it is.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use super::link::Link;
use crate::ports::{
    Delay, QUEUE_ASSIGNMENTS, QUEUE_EVENTS, QUEUE_MESSAGES, QUEUE_NOTIFICATIONS, QUEUE_PUSH,
    QUEUE_STAFF_STATUS, QueueDepth, fanout_queue,
};

/// The topic exchange of all events, unless it is called something else; routing keys are the queues' names.
pub const EXCHANGE: &str = "chat.exchange";
/// Where messages go that fail by themselves, and those that the broker gives up.
pub const DEAD_LETTER_EXCHANGE: &str = "chat.dead";
pub const DEAD_LETTER_QUEUE: &str = "chat.dead.letter";

const QUORUM_QUEUES: [&str; 5] =
    [QUEUE_MESSAGES, QUEUE_NOTIFICATIONS, QUEUE_PUSH, QUEUE_STAFF_STATUS, QUEUE_ASSIGNMENTS];

/// RabbitMQ 4 gives a quorum queue's message up after 20 deliveries, which an outage of the database
/// reaches within minutes. Only a consumer decides that a message fails by itself, so: practically never.
/// (-1, "no limit", is refused by RabbitMQ 3.)
const DELIVERY_LIMIT: i32 = 1_000_000;

/// Declares every exchange, queue and binding; `events` is what the exchange of events is called, `fanout_queues` how
/// many `chat.fanout.N` there are.
///
/// # Errors
/// When the connection breaks, or one exists with other arguments (the broker then closes the channel).
pub async fn declare(channel: &Channel, events: &str, fanout_queues: u32) -> Result<(), lapin::Error> {
    declare_exchange(channel, events).await?;
    declare_exchange(channel, DEAD_LETTER_EXCHANGE).await?;
    for delay in Delay::ALL {
        declare_exchange(channel, delay.queue()).await?;
        declare_queue(channel, delay.queue(), waiting(delay, events)).await?;
        bind(channel, delay.queue(), delay.queue(), "#").await?;
    }
    declare_queue(channel, DEAD_LETTER_QUEUE, quorum()).await?;
    bind(channel, DEAD_LETTER_QUEUE, DEAD_LETTER_EXCHANGE, "#").await?;
    for queue in QUORUM_QUEUES {
        declare_bound(channel, events, queue, with_dead_letters(quorum())).await?;
    }
    for lane in 0..fanout_queues.max(1) {
        declare_bound(channel, events, &fanout_queue(lane), with_dead_letters(quorum())).await?;
    }
    declare_bound(channel, events, QUEUE_EVENTS, with_dead_letters(prioritised())).await
}

/// How many messages wait in each queue; one that isn't there is left out.
///
/// # Errors
/// When the connection breaks.
pub(super) async fn depths(link: &Link, fanout_queues: u32) -> Result<Vec<QueueDepth>, lapin::Error> {
    let mut depths = Vec::new();
    let mut channel = link.channel().await?;
    for queue in queues(fanout_queues) {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
        match channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await {
            Ok(found) => depths.push(QueueDepth { queue, messages: found.message_count().into() }),
            // The broker closes the channel over a queue that isn't there.
            Err(_) => channel = link.channel().await?,
        }
    }
    link.put_back(channel);
    Ok(depths)
}

/// Every queue by name.
fn queues(fanout_queues: u32) -> impl Iterator<Item = String> {
    let fixed = QUORUM_QUEUES.into_iter().chain([QUEUE_EVENTS, DEAD_LETTER_QUEUE]);
    let waiting = Delay::ALL.into_iter().map(Delay::queue);
    fixed.chain(waiting).map(str::to_owned).chain((0..fanout_queues.max(1)).map(fanout_queue))
}

async fn declare_bound(
    channel: &Channel,
    events: &str,
    queue: &str,
    arguments: FieldTable,
) -> Result<(), lapin::Error> {
    declare_queue(channel, queue, arguments).await?;
    bind(channel, queue, events, queue).await
}

async fn declare_exchange(channel: &Channel, name: &str) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), ExchangeKind::Topic, options, FieldTable::default()).await
}

async fn declare_queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments).await.map(|_| ())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> Result<(), lapin::Error> {
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(queue.into(), exchange.into(), key.into(), options, arguments).await
}

/// Replicated, and kept on disk before it is confirmed.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    arguments
}

/// Where messages wait until their time is up and the exchange takes them by the routing key they came
/// with. `at-least-once` keeps one until its next queue has it, and takes `reject-publish` to be allowed.
fn waiting(delay: Delay, events: &str) -> FieldTable {
    let milliseconds = i64::try_from(delay.duration().as_millis()).unwrap_or(i64::MAX);
    let mut arguments = quorum();
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(milliseconds));
    arguments.insert("x-dead-letter-exchange".into(), text(events));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

/// Quorum queues know no ten priorities, so this one is classic; said aloud, since a broker's default may be another.
fn prioritised() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("classic"));
    arguments.insert("x-max-priority".into(), AMQPValue::LongInt(10));
    arguments
}

fn with_dead_letters(mut arguments: FieldTable) -> FieldTable {
    arguments.insert("x-dead-letter-exchange".into(), text(DEAD_LETTER_EXCHANGE));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
