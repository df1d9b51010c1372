//! Events between services overtake each other by their priority; nothing else does.

use std::time::Duration;

use shared::ids::DeliveryId;
use shared::ports::{DeliveryDue, Event, QUEUE_EVENTS, QUEUE_MESSAGES};

use super::function::recorder;
use super::{NOW, World, on_both, stored};

on_both! {
    a_higher_priority_overtakes_and_the_same_keeps_its_order
    what_comes_again_stands_before_those_of_its_priority
    other_queues_keep_their_order
}

fn due(delivery: i64, priority: u8) -> Event {
    Event::DeliveryDue(DeliveryDue { delivery: DeliveryId(delivery), round: 1, priority })
}

/// Published one after another, so that their order is known.
async fn publish(world: &World, events: &[Event]) {
    for event in events {
        world.bus.publish(std::slice::from_ref(event), NOW).await.expect("it is confirmed");
    }
}

async fn a_higher_priority_overtakes_and_the_same_keeps_its_order(world: World) {
    let priorities = [5, 0, 9, 5, 2, 9, 0, 5, 7, 2];
    let events: Vec<Event> = (1..).zip(priorities).map(|(n, priority)| due(n, priority)).collect();
    publish(&world, &events).await;
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_EVENTS, 3, Duration::ZERO, &function);
    let mut expected = events;
    // A stable sort, so that the same priority keeps its order.
    expected.sort_by_key(|event| std::cmp::Reverse(event.priority()));
    assert_eq!(recorded.messages(10).await, expected);
    sources.stop().await;
}

async fn what_comes_again_stands_before_those_of_its_priority(world: World) {
    publish(&world, &[due(1, 5), due(2, 5), due(3, 1)]).await;
    // The first run fails: its batch comes again.
    let (function, mut recorded) = recorder(1);
    let sources = world.feed(QUEUE_EVENTS, 1, Duration::ZERO, &function);
    assert_eq!(recorded.messages(4).await, [due(1, 5), due(1, 5), due(2, 5), due(3, 1)]);
    sources.stop().await;
}

async fn other_queues_keep_their_order(world: World) {
    let events: Vec<Event> = (1..=5).map(stored).collect();
    publish(&world, &events).await;
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 2, Duration::ZERO, &function);
    assert_eq!(recorded.messages(5).await, events);
    sources.stop().await;
}
