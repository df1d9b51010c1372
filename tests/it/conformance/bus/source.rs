//! The event source batches, retries and stops as Lambda's does.

use std::time::{Duration, Instant};

use shared::mq_event::RabbitMqEvent;
use shared::ports::{Event, QUEUE_MESSAGES, fanout_queue};

use super::function::{gated_recorder, readable, recorder};
use super::{NOW, World, chunk, on_both, stored};

const WINDOW: Duration = Duration::from_secs(5);

on_both! {
    a_batch_is_full_before_its_window_ends
    a_window_collects_what_comes_within_it
    a_batch_that_fails_comes_again_whole_and_redelivered
    a_stop_finishes_the_batch_in_hand_and_gives_the_rest_back
    a_stop_gives_back_a_batch_that_is_being_collected
    every_queue_has_a_consumer_of_its_own
    a_batch_looks_like_amazon_mqs_and_is_in_order
    the_next_batch_waits_until_the_one_in_hand_is_done
}

async fn publish(world: &World, events: &[Event]) {
    world.bus.publish(events, NOW).await.expect("they are confirmed");
}

fn redelivered(batch: &RabbitMqEvent) -> Vec<bool> {
    batch.rmq_messages_by_queue.values().flatten().map(|message| message.redelivered).collect()
}

async fn a_batch_is_full_before_its_window_ends(world: World) {
    let events: Vec<Event> = (1..=6).map(stored).collect();
    publish(&world, &events).await;
    let (function, mut recorded) = recorder(0);
    let began = Instant::now();
    let sources = world.feed(QUEUE_MESSAGES, 3, WINDOW, &function);
    assert_eq!(readable(&recorded.next().await), events[..3]);
    assert_eq!(readable(&recorded.next().await), events[3..]);
    assert!(began.elapsed() < WINDOW, "it didn't wait for the window");
    sources.stop().await;
}

async fn a_window_collects_what_comes_within_it(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 100, Duration::from_secs(1), &function);
    let events = [stored(1), stored(2), stored(3)];
    for event in &events {
        publish(&world, std::slice::from_ref(event)).await;
    }
    assert_eq!(readable(&recorded.next().await), events);
    sources.stop().await;
}

async fn a_batch_that_fails_comes_again_whole_and_redelivered(world: World) {
    let events = [stored(1), stored(2), stored(3)];
    publish(&world, &events).await;
    let (function, mut recorded) = recorder(2);
    let sources = world.feed(QUEUE_MESSAGES, 3, WINDOW, &function);
    for again in [false, true, true] {
        let batch = recorded.next().await;
        assert_eq!(readable(&batch), events);
        assert_eq!(redelivered(&batch), [again; 3]);
    }
    sources.stop().await;
    assert_eq!(world.waiting(QUEUE_MESSAGES).await, 0, "the third run succeeded");
}

async fn a_stop_finishes_the_batch_in_hand_and_gives_the_rest_back(world: World) {
    let events: Vec<Event> = (1..=5).map(stored).collect();
    publish(&world, &events).await;
    let (function, mut recorded, gate) = gated_recorder();
    let sources = world.feed(QUEUE_MESSAGES, 2, WINDOW, &function);
    assert_eq!(readable(&recorded.next().await), events[..2]);
    let stopping = tokio::spawn(sources.stop());
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished(), "the function still runs");
    gate.notify_one();
    stopping.await.expect("it stops");
    assert!(recorded.is_empty(), "no further batch was begun");

    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 3, WINDOW, &function);
    assert_eq!(readable(&recorded.next().await), events[2..]);
    sources.stop().await;
}

async fn a_stop_gives_back_a_batch_that_is_being_collected(world: World) {
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 100, WINDOW, &function);
    let event = stored(1);
    publish(&world, std::slice::from_ref(&event)).await;
    let began = Instant::now();
    sources.stop().await;
    assert!(began.elapsed() < WINDOW, "it didn't wait for the window");

    let sources = world.feed(QUEUE_MESSAGES, 1, WINDOW, &function);
    assert_eq!(readable(&recorded.next().await), [event]);
    sources.stop().await;
}

async fn every_queue_has_a_consumer_of_its_own(world: World) {
    publish(&world, &[chunk(0), chunk(1)]).await;
    let (function, mut recorded, gate) = gated_recorder();
    let sources = world.feed_all(&[&fanout_queue(0), &fanout_queue(1)], 1, WINDOW, &function);
    let both = [recorded.next().await, recorded.next().await];
    assert_ne!(both[0].rmq_messages_by_queue, both[1].rmq_messages_by_queue, "neither waits for the other");
    gate.notify_one();
    gate.notify_waiters();
    sources.stop().await;
}

async fn a_batch_looks_like_amazon_mqs_and_is_in_order(world: World) {
    let events: Vec<Event> = (1..=5).map(stored).collect();
    publish(&world, &events).await;
    let (function, mut recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 5, WINDOW, &function);
    let batch = recorded.next().await;
    assert_eq!(readable(&batch), events);
    let wire = serde_json::to_value(&batch).unwrap();
    assert_eq!(wire["eventSource"], "aws:rmq");
    assert!(wire["eventSourceArn"].as_str().unwrap().starts_with("arn:aws:mq:"), "{wire}");
    let queues: Vec<_> = wire["rmqMessagesByQueue"].as_object().unwrap().iter().collect();
    let [(name, messages)] = queues[..] else { panic!("{wire}") };
    assert!(name.starts_with(&format!("{QUEUE_MESSAGES}::")), "{name}");
    let message = &messages[0];
    assert_eq!(
        (&message["redelivered"], &message["basicProperties"]["deliveryMode"]),
        (&false.into(), &2.into())
    );
    assert_eq!(message["basicProperties"]["timestamp"], "Jan 1, 2026, 1:00:05 PM");
    let headers = message["basicProperties"]["headers"].as_object().unwrap();
    assert!(headers.values().all(|header| header["bytes"].is_array()), "{headers:?}");
    sources.stop().await;
}

async fn the_next_batch_waits_until_the_one_in_hand_is_done(world: World) {
    publish(&world, &(1..=4).map(stored).collect::<Vec<_>>()).await;
    let (function, mut recorded, gate) = gated_recorder();
    let sources = world.feed(QUEUE_MESSAGES, 2, WINDOW, &function);
    recorded.next().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(recorded.is_empty(), "the first is in hand");
    gate.notify_one();
    recorded.next().await;
    gate.notify_one();
    sources.stop().await;
}
