//! What RabbitMQ's adapter does when the broker or its topology went away.

use std::time::{Duration, Instant};

use futures::FutureExt;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use local::source::Broker;
use shared::breaker::OPEN_FOR;
use shared::ports::{Bus, BusError, Delay, QUEUE_MESSAGES};
use tokio::time::timeout;

use super::function::{readable, recorder};
use super::world::{Kind, World, feed_from, rabbit_bus};
use super::{NOW, stored};
use crate::broker::{OwnBroker, Proxy, Vhost};
use crate::hark::eventually;

/// A bus and an event source, both behind a proxy.
struct Behind {
    proxy: Proxy,
    world: World,
}

impl Behind {
    /// The topology is declared and the bus connected.
    async fn proxy() -> Self {
        let World { kind, .. } = World::rabbitmq().await;
        let Kind::RabbitMq(vhost) = kind else { unreachable!("it is RabbitMQ") };
        let proxy = Proxy::before(&vhost.url).await;
        let bus = rabbit_bus(&proxy.url);
        bus.ping().await.expect("the broker answers");
        Self { world: World { bus: std::sync::Arc::new(bus), kind: Kind::RabbitMq(vhost) }, proxy }
    }

    async fn publish(&self) -> Result<(), BusError> {
        self.world.bus.publish(&[stored(1)], NOW).await
    }
}

#[tokio::test]
async fn the_first_publish_on_an_empty_broker_declares_the_topology() {
    let vhost = Vhost::create();
    let bus = rabbit_bus(&vhost.url);
    bus.publish(&[stored(1), stored(2)], NOW).await.expect("it is declared and confirmed");
    let world = World { bus: std::sync::Arc::new(bus), kind: Kind::RabbitMq(vhost) };
    assert_eq!(world.waiting(QUEUE_MESSAGES).await, 2);
}

#[tokio::test]
async fn an_unroutable_event_declares_the_topology_and_is_published_once() {
    let world = World::rabbitmq().await;
    let Kind::RabbitMq(vhost) = &world.kind else { unreachable!("it is RabbitMQ") };
    let channel = vhost.channel().await;
    channel.queue_delete(QUEUE_MESSAGES.into(), QueueDeleteOptions::default()).await.expect("it goes");
    world.bus.publish(&[super::chunk(0), stored(1)], NOW).await.expect("it is declared and confirmed");
    assert_eq!(world.waiting(QUEUE_MESSAGES).await, 1);
    assert_eq!(world.waiting("chat.fanout.0").await, 1, "what had a route isn't sent again");
}

#[tokio::test]
async fn an_exchange_that_vanished_is_declared_again() {
    let world = World::rabbitmq().await;
    let Kind::RabbitMq(vhost) = &world.kind else { unreachable!("it is RabbitMQ") };
    world.bus.publish(&[stored(1)], NOW).await.expect("it is confirmed");
    let exchange = "chat.exchange";
    let deleted =
        vhost.channel().await.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await;
    deleted.expect("it goes");
    world.bus.publish(&[stored(2)], NOW).await.expect("it is declared and confirmed");
    assert_eq!(world.waiting(QUEUE_MESSAGES).await, 2);
}

#[tokio::test]
async fn the_first_publish_after_the_broker_ended_the_connection_succeeds() {
    let behind = Behind::proxy().await;
    behind.publish().await.expect("it is confirmed");
    for _ in 0..5 {
        behind.proxy.cut();
        behind.publish().await.expect("it is confirmed on a new connection");
    }
    assert_eq!(behind.world.waiting(QUEUE_MESSAGES).await, 6);
}

#[tokio::test]
async fn a_bus_that_wakes_replaces_a_dead_connection_and_no_other() {
    let behind = Behind::proxy().await;
    for _ in 0..3 {
        behind.world.bus.wake();
        behind.publish().await.expect("it is confirmed");
    }
    assert_eq!(behind.proxy.served(), 1, "there was nothing to replace");
    behind.proxy.cut();
    eventually(async || {
        behind.world.bus.wake();
        behind.proxy.served() == 2
    })
    .await;
    behind.publish().await.expect("it is confirmed");
    assert_eq!(behind.proxy.served(), 2, "the publish found it replaced");
}

#[tokio::test]
async fn a_publish_that_its_caller_gave_up_has_the_next_one_skipped() {
    let behind = Behind::proxy().await;
    behind.proxy.hold();
    behind.proxy.cut();
    let given_up = timeout(Duration::from_millis(100), behind.publish()).await;
    assert!(given_up.is_err(), "nobody greets");
    let next = behind.publish().now_or_never();
    assert!(matches!(next, Some(Err(BusError::Unavailable(_)))), "{next:?}");
}

#[tokio::test]
async fn a_ping_after_the_broker_ended_the_connection_succeeds() {
    let behind = Behind::proxy().await;
    behind.proxy.cut();
    behind.world.bus.ping().await.expect("it answers on a new connection");
}

#[tokio::test]
async fn the_first_publish_on_a_connection_that_died_unseen_succeeds() {
    let behind = Behind::proxy().await;
    behind.publish().await.expect("it is confirmed");
    behind.proxy.silence();
    // The bus suspects only a connection that it hasn't used for three seconds.
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    behind.publish().await.expect("it is confirmed on a new connection");
}

#[tokio::test]
async fn an_absent_broker_is_unavailable_in_time_and_then_left_alone_for_a_second() {
    let behind = Behind::proxy().await;
    behind.proxy.go_away();
    let began = Instant::now();
    behind.publish().await.expect_err("nobody answers");
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());

    behind.proxy.come_back();
    let skipped = behind.publish().await.expect_err("the breaker is open");
    assert!(skipped.to_string().contains("left alone"), "{skipped}");
    tokio::time::sleep(OPEN_FOR).await;
    behind.publish().await.expect("it is confirmed again");
}

#[tokio::test]
async fn the_event_source_connects_again_and_gets_what_was_unsettled() {
    let mut behind = Behind::proxy().await;
    let Kind::RabbitMq(vhost) = &mut behind.world.kind else { unreachable!("it is RabbitMQ") };
    vhost.url = behind.proxy.url.clone();
    let (function, mut recorded, gate) = super::function::gated_recorder();
    let sources = behind.world.feed(QUEUE_MESSAGES, 1, Duration::ZERO, &function);
    behind.publish().await.expect("it is confirmed");
    assert_eq!(readable(&recorded.next().await).len(), 1);
    behind.proxy.cut();
    gate.notify_one();
    // The function succeeded, but its broker didn't hear of it: at least once.
    assert_eq!(readable(&recorded.next().await).len(), 1);
    gate.notify_one();
    sources.stop().await;
}

#[tokio::test]
async fn the_first_publish_after_a_restart_of_the_broker_succeeds() {
    let broker = OwnBroker::start().await;
    let bus = rabbit_bus(&broker.url);
    bus.declare().await.expect("the topology is declared");
    let (function, mut recorded) = recorder(0);
    let source = Broker::RabbitMq(broker.url.clone());
    let sources = feed_from(&source, &[QUEUE_MESSAGES], 1, Duration::ZERO, &function);
    bus.publish(&[stored(1)], NOW).await.expect("it is confirmed");
    assert_eq!(readable(&recorded.next().await).len(), 1);
    broker.restart().await;
    let event = stored(2);
    bus.publish(std::slice::from_ref(&event), NOW).await.expect("it is confirmed");
    assert_eq!(readable(&recorded.next().await), [event], "the event source is back too");
    sources.stop().await;
}

#[tokio::test]
async fn a_delayed_event_survives_the_crash_of_the_broker_and_arrives_once() {
    let broker = OwnBroker::start().await;
    let bus = rabbit_bus(&broker.url);
    bus.declare().await.expect("the topology is declared");
    let event = stored(1);
    let (began, delay) = (Instant::now(), Delay::FiveSeconds);
    bus.publish_after(std::slice::from_ref(&event), delay, NOW).await.expect("it is confirmed");
    assert!(began.elapsed() < delay.duration(), "it waits while the broker dies");
    broker.crash().await;
    let (function, mut recorded) = recorder(0);
    let source = Broker::RabbitMq(broker.url.clone());
    let sources = feed_from(&source, &[QUEUE_MESSAGES], 1, Duration::ZERO, &function);
    assert_eq!(readable(&recorded.next().await), [event]);
    let after = stored(2);
    bus.publish(std::slice::from_ref(&after), NOW).await.expect("it is confirmed");
    assert_eq!(readable(&recorded.next().await), [after], "and nothing between the two");
    sources.stop().await;
}
