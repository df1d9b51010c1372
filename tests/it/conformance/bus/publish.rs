//! What is published arrives, as it was, where it belongs.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use shared::dead_letter;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::mq_event::RabbitMqEvent;
use shared::ports::{
    CloseSockets, ENVELOPE_VERSION, Envelope, Event, MissedConnection, PresenceRebuild, PresenceRepair,
    PushDue, QUEUE_MESSAGES, QUEUE_NOTIFICATIONS, QUEUE_PUSH, QUEUE_STAFF_STATUS, fanout_queue,
};
use uuid::Uuid;

use super::function::{envelopes, readable, recorder};
use super::world::Dead;
use super::{FANOUT_QUEUES, NOW, World, chunk, on_both, stored};

on_both! {
    a_published_event_arrives_with_its_envelope_and_properties
    events_arrive_in_the_order_of_one_publisher
    many_published_side_by_side_are_all_confirmed_and_arrive_once
    each_event_goes_to_the_queue_of_its_kind
    nothing_to_publish_is_a_success
    an_unreadable_message_goes_to_the_dead_letter_and_the_rest_is_done
    a_misplaced_message_goes_to_the_dead_letter_as_it_came
    declaring_again_does_no_harm
    the_bus_answers_a_ping
}

async fn a_published_event_arrives_with_its_envelope_and_properties(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 10, Duration::ZERO, &function);
    let event = stored(1);
    world.bus.publish(std::slice::from_ref(&event), NOW).await.expect("it is confirmed");

    let batch = recorded.next().await;
    assert_eq!(batch.event_source.as_deref(), Some("aws:rmq"));
    let envelope = envelopes(&batch).remove(0);
    assert_eq!((envelope.version, envelope.at, envelope.event), (ENVELOPE_VERSION, NOW, event));
    let message = only_message(&batch);
    let properties = &message.basic_properties;
    assert_eq!(properties.message_id, Some(envelope.id.to_string()));
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    assert_eq!((properties.delivery_mode, properties.priority), (Some(2), Some(5)));
    assert_eq!(properties.timestamp.as_deref(), Some("Jan 1, 2026, 1:00:05 PM"));
    assert_eq!(properties.r#type.as_deref(), Some("message_stored"));
    assert_eq!(properties.app_id.as_deref(), Some("hark"));
    assert!(properties.body_size.is_some_and(|size| size > 0));
    assert!(!message.redelivered);
    sources.stop().await;
}

fn only_message(batch: &RabbitMqEvent) -> &shared::mq_event::RabbitMqMessage {
    let queues: Vec<_> = batch.rmq_messages_by_queue.iter().collect();
    let [(key, messages)] = queues[..] else { panic!("one queue: {batch:?}") };
    assert!(key.starts_with("chat.messages::"), "{key}");
    assert_eq!(messages.len(), 1);
    &messages[0]
}

async fn events_arrive_in_the_order_of_one_publisher(world: World) {
    let events: Vec<Event> = (1..=50).map(stored).collect();
    for pair in events.chunks(2) {
        world.bus.publish(pair, NOW).await.expect("it is confirmed");
    }
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 7, Duration::ZERO, &function);
    assert_eq!(recorded.messages(50).await, events);
    sources.stop().await;
}

async fn many_published_side_by_side_are_all_confirmed_and_arrive_once(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 100, Duration::ZERO, &function);
    let batches: Vec<Vec<Event>> = (0..20).map(|n| (n * 50..n * 50 + 50).map(stored).collect()).collect();
    let published = join_all(batches.iter().map(|batch| world.bus.publish(batch, NOW))).await;
    assert!(published.iter().all(Result::is_ok), "{published:?}");

    let arrived: Vec<i64> = recorded.messages(1_000).await.iter().map(seq_of).collect();
    assert_eq!(arrived.len(), 1_000);
    assert_eq!(arrived.iter().collect::<HashSet<_>>().len(), 1_000);
    sources.stop().await;
    assert_eq!(world.waiting(QUEUE_MESSAGES).await, 0);
}

fn seq_of(event: &Event) -> i64 {
    match event {
        Event::MessageStored(stored) => stored.entry.seq().0,
        other => panic!("only messages were published, not {other:?}"),
    }
}

async fn each_event_goes_to_the_queue_of_its_kind(world: World) {
    let rebuild = Event::PresenceRebuild(PresenceRebuild { claim: Uuid::nil(), after: None });
    let missed = MissedConnection { user: UserId(1), connection: ConnectionId("gone=".to_owned()) };
    let repair = Event::PresenceRepair(PresenceRepair { connections: vec![missed] });
    let push = Event::PushDue(PushDue { user: UserId(1), room: RoomId(1), retry: None });
    let closing = CloseSockets { frame: "{}".to_owned(), listeners: vec![], attempt: 0 };
    let closing = Event::CloseSockets(closing);
    let events = [
        chunk(0),
        stored(1),
        chunk(1),
        chunk(2),
        push.clone(),
        closing.clone(),
        rebuild.clone(),
        repair.clone(),
    ];
    world.bus.publish(&events, NOW).await.expect("they are confirmed");
    let expected = [
        (QUEUE_MESSAGES.to_owned(), vec![events[1].clone()]),
        (QUEUE_PUSH.to_owned(), vec![push]),
        (fanout_queue(0), vec![chunk(0), chunk(FANOUT_QUEUES)]),
        (fanout_queue(1), vec![chunk(1)]),
        (QUEUE_NOTIFICATIONS.to_owned(), vec![closing, rebuild, repair]),
    ];
    for (queue, expected) in expected {
        let (function, mut recorded) = recorder(0);
        let sources = world.feed(&queue, 10, Duration::from_millis(200), &function);
        assert_eq!(recorded.messages(expected.len()).await, expected, "{queue}");
        sources.stop().await;
        assert!(recorded.is_empty(), "{queue}");
    }
}

async fn nothing_to_publish_is_a_success(world: World) {
    world.bus.publish(&[], NOW).await.expect("there is nothing to do");
}

async fn an_unreadable_message_goes_to_the_dead_letter_and_the_rest_is_done(world: World) {
    let (before, after) = (stored(1), stored(2));
    world.bus.publish(std::slice::from_ref(&before), NOW).await.expect("it is confirmed");
    world.put(QUEUE_MESSAGES, b"{\"version\":1,\"type\":\"nonsense\"}").await;
    world.bus.publish(std::slice::from_ref(&after), NOW).await.expect("it is confirmed");

    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 3, Duration::from_secs(5), &function);
    let batch = recorded.next().await;
    sources.stop().await;

    let rest = dead_letter::readable(world.bus.as_ref(), &batch, NOW).await.expect("it is buried");
    assert_eq!(rest.iter().map(|(queue, _)| queue.as_str()).collect::<Vec<_>>(), [QUEUE_MESSAGES; 2]);
    assert_eq!(rest.into_iter().map(|(_, envelope)| envelope.event).collect::<Vec<_>>(), [before, after]);
    let dead = world.dead_letters().await;
    let [Dead { queue, reason, body }] = &dead[..] else { panic!("one dead letter: {dead:?}") };
    assert_eq!((queue.as_str(), &body[..]), (QUEUE_MESSAGES, &b"{\"version\":1,\"type\":\"nonsense\"}"[..]));
    assert!(reason.contains("doesn't read"), "{reason}");
}

async fn a_misplaced_message_goes_to_the_dead_letter_as_it_came(world: World) {
    let event = stored(1);
    let envelope = Envelope { version: ENVELOPE_VERSION, id: Uuid::from_u128(1), at: NOW, event };
    let bus = world.bus.as_ref();
    dead_letter::misplaced(bus, QUEUE_STAFF_STATUS, &envelope, NOW).await.expect("it is buried");

    let dead = world.dead_letters().await;
    let [Dead { queue, reason, body }] = &dead[..] else { panic!("one dead letter: {dead:?}") };
    assert_eq!(queue, QUEUE_STAFF_STATUS);
    assert_eq!(reason, "message_stored doesn't belong here");
    assert_eq!(Envelope::decode(body).expect("it can be sent to where it belongs"), envelope);
}

async fn declaring_again_does_no_harm(world: World) {
    world.bus.publish(&[stored(1)], NOW).await.expect("it is confirmed");
    world.bus.declare().await.expect("it is declared");
    world.bus.declare().await.expect("it is declared again");
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 1, Duration::ZERO, &function);
    assert_eq!(readable(&recorded.next().await).len(), 1);
    sources.stop().await;
}

async fn the_bus_answers_a_ping(world: World) {
    world.bus.ping().await.expect("it answers");
}
