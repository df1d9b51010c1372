//! Reading events back.

use serde_json::json;
use shared::model::EventType;
use shared::ports::{EventFilter, NewEvent, Next};

use super::{event, event_to, id, of, service};
use crate::conformance::stores::{NOW, Stores};

on_every_engine! {
    the_newest_events_come_first_page_by_page,
    every_filter_narrows_alone_and_together,
    dead_deliveries_come_with_their_events_newest_first,
    deliveries_come_with_every_attempt_in_order,
}

async fn found(stores: &Stores, filter: EventFilter) -> Vec<String> {
    let events = stores.events.events(&filter, None, 99).await.unwrap();
    events.into_iter().map(|event| event.id.into()).collect()
}

async fn the_newest_events_come_first_page_by_page(stores: &Stores) {
    // Three of each millisecond.
    for n in 0..10_i64 {
        stores.publish_at(event(&format!("e{n}")), NOW.plus(n / 3)).await;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut last = None;
    loop {
        let page = stores.events.events(&EventFilter::default(), last.as_ref(), 4).await.unwrap();
        last = page.last().map(|event| event.id.clone());
        seen.extend(page.iter().map(|event| event.id.to_string()));
        if page.len() < 4 {
            break;
        }
    }
    assert_eq!(seen, ["e9", "e8", "e7", "e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
    let gone = id("gone");
    assert_eq!(stores.events.events(&EventFilter::default(), Some(&gone), 4).await.unwrap(), []);
}

async fn every_filter_narrows_alone_and_together(stores: &Stores) {
    let audit = NewEvent { source_service: service("audit"), priority: 2, ..event_to("e1", "knowledge") };
    stores.publish_at(audit, NOW).await;
    stores.publish_at(of("e2", EventType::ErrorEvent, Some("knowledge"), json!({})), NOW.plus(1)).await;
    stores.publish_at(NewEvent { priority: 9, ..event("e3") }, NOW.plus(2)).await;
    let all = EventFilter::default();
    let of_kind = EventFilter { kind: Some(EventType::UserAction), ..all.clone() };
    assert_eq!(found(stores, of_kind.clone()).await, ["e3", "e1"]);
    let source = EventFilter { source_service: Some(service("chat")), ..all.clone() };
    assert_eq!(found(stores, source).await, ["e3", "e2"]);
    let target = EventFilter { target_service: Some(service("knowledge")), ..all.clone() };
    assert_eq!(found(stores, target.clone()).await, ["e2", "e1"]);
    assert_eq!(found(stores, EventFilter { from: Some(NOW.plus(1)), ..all.clone() }).await, ["e3", "e2"]);
    assert_eq!(found(stores, EventFilter { until: Some(NOW.plus(1)), ..all.clone() }).await, ["e1"]);
    assert_eq!(found(stores, EventFilter { priority_min: Some(5), ..all.clone() }).await, ["e3", "e2"]);
    let several = EventFilter {
        source_service: Some(service("chat")),
        from: Some(NOW),
        until: Some(NOW.plus(2)),
        priority_min: Some(5),
        ..target
    };
    assert_eq!(found(stores, several.clone()).await, ["e2"]);
    let none = EventFilter { kind: of_kind.kind, ..several.clone() };
    assert_eq!(found(stores, none).await, Vec::<String>::new());
    let continued = stores.events.events(&of_kind, Some(&id("e2")), 9).await.unwrap();
    assert_eq!(continued.len(), 1, "the page before may end with another");
}

async fn dead_deliveries_come_with_their_events_newest_first(stores: &Stores) {
    let mut dead = Vec::new();
    for name in ["e1", "e2", "e3"] {
        let due = stores.round(name).await;
        assert!(stores.record(&due, Next::Dead(format!("{name} failed"))).await);
        dead.push(due.delivery);
    }
    stores.round("e4").await;
    let page = stores.events.dead(None, 2).await.unwrap();
    let shown: Vec<_> =
        page.iter().map(|(dead, event)| (dead.id, event.id.as_str(), dead.reason.as_deref())).collect();
    assert_eq!(shown, [(dead[2], "e3", Some("e3 failed")), (dead[1], "e2", Some("e2 failed"))]);
    let next = stores.events.dead(Some(dead[1]), 2).await.unwrap();
    assert_eq!(next.iter().map(|(dead, _)| dead.id).collect::<Vec<_>>(), [dead[0]]);
}

async fn deliveries_come_with_every_attempt_in_order(stores: &Stores) {
    stores.subscribe("audit", &[EventType::UserAction]).await;
    let stored = stores.publish(event_to("e1", "knowledge")).await;
    let mut due = stored.due().nth(1).expect("knowledge's");
    for round in 1..=3 {
        due.round = round;
        assert!(stores.record(&due, Next::Again(NOW.plus(i64::from(round)))).await);
    }
    let deliveries = stores.events.deliveries(&id("e1")).await.unwrap();
    let shown: Vec<_> = deliveries
        .iter()
        .map(|(delivery, attempts)| {
            let rounds: Vec<u32> = attempts.iter().map(|attempt| attempt.round).collect();
            (delivery.service.as_str(), delivery.rounds, rounds)
        })
        .collect();
    assert_eq!(shown, [("audit", 0, vec![]), ("knowledge", 3, vec![1, 2, 3])]);
}
