//! Storing events with their deliveries.

use futures::future::join_all;
use serde_json::json;
use shared::model::{DeliveryState, EventType, ServiceEvent};
use shared::ports::{DeliveryDue, EventFilter, EventsError, NewEvent, Next};

use super::{addressed, event, event_to, id, of, service};
use crate::conformance::stores::{NOW, Stores};

on_every_engine! {
    an_event_goes_to_whom_it_names_and_to_every_subscriber_once,
    an_event_for_nobody_is_kept,
    an_event_reads_as_it_was_published,
    a_repeat_stores_nothing_and_is_answered_as_it_stands,
    an_id_with_another_body_is_refused_and_nothing_of_the_batch_is_stored,
    an_event_that_stands_twice_in_a_batch_is_stored_once,
    of_many_who_publish_one_id_at_once_one_stores_it,
    batches_in_opposite_orders_do_not_block_each_other,
    only_the_first_round_of_a_repeat_is_put_on_the_bus_again,
    the_types_that_somebody_subscribed_to_are_known,
}

const PENDING: DeliveryState = DeliveryState::Pending;

async fn an_event_goes_to_whom_it_names_and_to_every_subscriber_once(stores: &Stores) {
    stores.subscribe("knowledge", &[EventType::UserAction]).await;
    stores.subscribe("audit", &[EventType::UserAction, EventType::ErrorEvent]).await;
    stores.subscribe("alarms", &[EventType::ErrorEvent]).await;
    let stored = stores.publish(event_to("e1", "knowledge")).await;
    assert_eq!(addressed(&stored), [("audit", PENDING), ("knowledge", PENDING)]);
    let stored = stores.publish(event_to("e2", "unheard-of")).await;
    assert_eq!(addressed(&stored), [("audit", PENDING), ("knowledge", PENDING), ("unheard-of", PENDING)]);
    let due: Vec<DeliveryDue> = stored.due().collect();
    assert_eq!(due.len(), 3);
    assert!(due.iter().all(|due| (due.round, due.priority) == (1, 5)), "{due:?}");
    let stored = stores.publish(of("e3", EventType::ErrorEvent, None, json!({}))).await;
    assert_eq!(addressed(&stored), [("alarms", PENDING), ("audit", PENDING)]);
}

async fn an_event_for_nobody_is_kept(stores: &Stores) {
    let stored = stores.publish(event("e1")).await;
    assert_eq!((addressed(&stored), stored.due().count()), (vec![], 0));
    assert_eq!(stores.events.event(&id("e1")).await.unwrap(), Some(stored.event));
    assert_eq!(stores.events.deliveries(&id("e1")).await.unwrap(), []);
    assert_eq!(stores.events.event(&id("e2")).await.unwrap(), None);
    assert_eq!(stores.events.publish_events(&[], NOW).await.unwrap(), []);
}

async fn an_event_reads_as_it_was_published(stores: &Stores) {
    let ann = stores.user("ann").await;
    let data = json!({"text": "知识 \u{1F600} '\"\\", "n": -1.5, "list": [1, null, {"a\u{0}b": true}]});
    let new = NewEvent {
        priority: 9,
        published_by: Some(ann),
        ..of("a:b_c-1", EventType::Notification, Some("k"), data)
    };
    let stored = stores.publish_at(new, NOW).await;
    let expected = ServiceEvent {
        id: id("a:b_c-1"),
        kind: EventType::Notification,
        source_service: service("chat"),
        target_service: Some(service("k")),
        // What no store holds is replaced.
        data: json!({"text": "知识 \u{1F600} '\"\\", "n": -1.5, "list": [1, null, {"a\u{FFFD}b": true}]}),
        priority: 9,
        published_by: Some(ann),
        created_at: NOW,
    };
    assert_eq!(stores.events.event(&id("a:b_c-1")).await.unwrap(), Some(expected));
    let (delivery, attempts) = stores.delivery("a:b_c-1").await;
    assert_eq!(Some(&delivery), stored.deliveries.first());
    assert_eq!((delivery.event, delivery.due_at, delivery.rounds, attempts), (id("a:b_c-1"), NOW, 0, vec![]));
}

async fn a_repeat_stores_nothing_and_is_answered_as_it_stands(stores: &Stores) {
    let first = stores.publish_at(event_to("e1", "knowledge"), NOW).await;
    stores.subscribe("audit", &[EventType::UserAction]).await;
    let again = stores.publish_at(event_to("e1", "knowledge"), NOW.plus(5)).await;
    assert_eq!(again, first, "who subscribes later is sent what comes later");
    let due = first.due().next().unwrap();
    assert!(stores.record(&due, Next::Delivered).await);
    let again = stores.publish_at(event_to("e1", "knowledge"), NOW.plus(9)).await;
    assert_eq!((addressed(&again), again.due().count()), (vec![("knowledge", DeliveryState::Delivered)], 0));
    assert_eq!((stores.rows_in("events").await, stores.rows_in("event_deliveries").await), (1, 1));
}

async fn an_id_with_another_body_is_refused_and_nothing_of_the_batch_is_stored(stores: &Stores) {
    stores.publish(event("e2")).await;
    let other = of("e2", EventType::UserAction, None, json!({"said": "something else"}));
    for batch in [
        vec![event("e1"), other.clone(), event("e3")],
        vec![event("e1"), event("e4"), of("e4", EventType::ErrorEvent, None, json!({})), other],
    ] {
        let expected = batch[batch.len() - 2].id.clone();
        let expected = if batch.len() == 3 { id("e2") } else { expected };
        let refused = stores.events.publish_events(&batch, NOW).await;
        assert!(matches!(&refused, Err(EventsError::Conflict(id)) if *id == expected), "{refused:?}");
    }
    assert_eq!(stores.rows_in("events").await, 1);
    for change in [
        of("e2", EventType::ErrorEvent, None, json!({"said": "e2"})),
        of("e2", EventType::UserAction, Some("knowledge"), json!({"said": "e2"})),
    ] {
        let refused = stores.events.publish_events(&[change], NOW).await;
        assert!(matches!(refused, Err(EventsError::Conflict(_))), "{refused:?}");
    }
}

async fn an_event_that_stands_twice_in_a_batch_is_stored_once(stores: &Stores) {
    let batch = [event_to("e1", "k"), event("e2"), event_to("e1", "k")];
    let stored = stores.events.publish_events(&batch, NOW).await.unwrap();
    let ids: Vec<&str> = stored.iter().map(|stored| stored.event.id.as_str()).collect();
    assert_eq!(ids, ["e1", "e2", "e1"]);
    assert_eq!(stored[0], stored[2]);
    assert_eq!((stores.rows_in("events").await, stores.rows_in("event_deliveries").await), (2, 1));
}

async fn of_many_who_publish_one_id_at_once_one_stores_it(stores: &Stores) {
    let racers = (0..12).map(|n| async move {
        // Half of them say something else by the same id.
        let new = of("e1", EventType::UserAction, Some("knowledge"), json!({"n": n % 2}));
        stores.events.publish_events(&[new], NOW).await
    });
    let outcomes = join_all(racers).await;
    let stored: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(stored.len(), 6, "{outcomes:?}");
    assert!(stored.iter().all(|answer| *answer == stored[0]), "{stored:?}");
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(EventsError::Conflict(_))));
    assert_eq!(refused.count(), 6);
    assert_eq!((stores.rows_in("events").await, stores.rows_in("event_deliveries").await), (1, 1));
}

async fn batches_in_opposite_orders_do_not_block_each_other(stores: &Stores) {
    let forth: Vec<NewEvent> = (0..40).map(|n| event_to(&format!("e{n}"), "knowledge")).collect();
    let back: Vec<NewEvent> = forth.iter().rev().cloned().collect();
    let racers = (0..8).map(|n| stores.events.publish_events(if n % 2 == 0 { &forth } else { &back }, NOW));
    for outcome in join_all(racers).await {
        assert_eq!(outcome.unwrap().len(), 40);
    }
    assert_eq!((stores.rows_in("events").await, stores.rows_in("event_deliveries").await), (40, 40));
}

async fn only_the_first_round_of_a_repeat_is_put_on_the_bus_again(stores: &Stores) {
    let due = stores.round("e1").await;
    let again = async || stores.publish(event_to("e1", "knowledge")).await.due().collect::<Vec<_>>();
    assert_eq!(again().await, std::slice::from_ref(&due), "it may never have got there");
    assert!(stores.record(&due, Next::Again(NOW.plus(5_000))).await);
    assert_eq!(again().await, [], "it waits for its time");
}

async fn the_types_that_somebody_subscribed_to_are_known(stores: &Stores) {
    assert_eq!(stores.events.subscribed().await.unwrap(), []);
    stores.subscribe("audit", &[EventType::UserAction, EventType::MessageStored]).await;
    stores.subscribe("knowledge", &[EventType::UserAction]).await;
    stores
        .execute("insert into service_subscriptions (service, event_type) values ('audit', 'not.yet')")
        .await;
    let known = stores.events.subscribed().await.unwrap();
    assert_eq!(known, [EventType::MessageStored, EventType::UserAction]);
    assert_eq!(stores.events.events(&EventFilter::default(), None, 9).await.unwrap(), []);
}
