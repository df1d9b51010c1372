//! What waits arrives later, where it would have arrived at once.

use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use shared::ports::{Bus, Delay, Event, QUEUE_MESSAGES, fanout_queue};
use tokio::time::Instant;

use super::function::{envelopes, recorder};
use super::world::rabbit_bus;
use super::{NOW, World, chunk, on_both, stored};
use crate::broker::Vhost;

on_both! {
    a_delayed_event_arrives_when_its_time_is_up
    a_longer_wait_holds_up_no_shorter_one
    delayed_events_find_the_queue_of_their_kind
    nothing_to_delay_is_a_success
}

async fn a_delayed_event_arrives_when_its_time_is_up(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 10, Duration::ZERO, &function);
    let event = stored(1);
    let began = Instant::now();
    world.bus.publish_after(std::slice::from_ref(&event), Delay::OneSecond, NOW).await.expect("confirmed");

    let batch = recorded.next().await;

    assert!(began.elapsed() >= Duration::from_millis(990), "after {:?}", began.elapsed());
    let envelope = envelopes(&batch).remove(0);
    assert_eq!((envelope.at, envelope.event), (NOW, event), "as it was published");
    sources.stop().await;
}

async fn a_longer_wait_holds_up_no_shorter_one(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 10, Duration::ZERO, &function);
    let (late, soon) = (stored(1), stored(2));
    world.bus.publish_after(std::slice::from_ref(&late), Delay::FiveSeconds, NOW).await.expect("confirmed");
    world.bus.publish_after(std::slice::from_ref(&soon), Delay::OneSecond, NOW).await.expect("confirmed");
    let mut arrived: Vec<Event> = Vec::new();
    while arrived.len() < 2 {
        let batch = recorded.next().await;
        arrived.extend(envelopes(&batch).into_iter().map(|envelope| envelope.event));
    }
    assert_eq!(arrived, [soon, late]);
    sources.stop().await;
}

async fn delayed_events_find_the_queue_of_their_kind(world: World) {
    let (function, mut recorded) = recorder(0);
    let lane = fanout_queue(1);
    let sources = world.feed_all(&[QUEUE_MESSAGES, &lane], 10, Duration::ZERO, &function);
    world.bus.publish_after(&[stored(1), chunk(1)], Delay::OneSecond, NOW).await.expect("confirmed");
    let mut queues = Vec::new();
    while queues.len() < 2 {
        let batch = recorded.next().await;
        queues
            .extend(batch.rmq_messages_by_queue.keys().map(|key| key.split("::").next().unwrap().to_owned()));
    }
    queues.sort();
    assert_eq!(queues, [lane, QUEUE_MESSAGES.to_owned()]);
    sources.stop().await;
}

async fn nothing_to_delay_is_a_success(world: World) {
    world.bus.publish_after(&[], Delay::OneMinute, NOW).await.expect("nothing can fail");
}

/// A queue is declared again only with the arguments that it has.
#[tokio::test]
async fn each_step_waits_in_a_queue_of_its_own_for_as_long_as_it_says() {
    let vhost = Vhost::create();
    rabbit_bus(&vhost.url).declare().await.expect("the topology is declared");
    for (queue, ttl_ms) in [
        ("chat.retry.1s", 1_000),
        ("chat.retry.5s", 5_000),
        ("chat.retry.15s", 15_000),
        ("chat.retry.60s", 60_000),
    ] {
        declare_again(&vhost, queue, ttl_ms).await.expect(queue);
        let refused = declare_again(&vhost, queue, ttl_ms + 1).await.expect_err(queue);
        assert!(refused.to_string().contains("x-message-ttl"), "{refused}");
    }
}

async fn declare_again(vhost: &Vhost, queue: &str, ttl_ms: i64) -> Result<(), lapin::Error> {
    let mut arguments = FieldTable::default();
    for (name, value) in [
        ("x-queue-type", "quorum"),
        ("x-dead-letter-exchange", "chat.exchange"),
        ("x-dead-letter-strategy", "at-least-once"),
        ("x-overflow", "reject-publish"),
    ] {
        arguments.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(1_000_000));
    arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl_ms));
    let channel = vhost.channel().await;
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.map(|_| ())
}
