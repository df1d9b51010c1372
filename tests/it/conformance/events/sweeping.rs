//! What nobody came for, and what is past its time.

use futures::future::join_all;
use shared::clock::UnixMs;
use shared::ports::{DELIVERY_AGAIN_MS, DeliveryDue, Next};

use super::{event, event_to, id};
use crate::conformance::stores::{NOW, Stores};

on_every_engine! {
    a_delivery_is_claimed_when_it_was_due_in_the_span,
    a_delivery_is_claimed_by_one_sweeper,
    the_longest_due_are_claimed_first,
    the_backlog_is_what_is_pending,
    what_was_given_up_is_counted,
    settled_events_expire_in_small_steps_with_all_that_belongs_to_them,
}

async fn claim(stores: &Stores, until: UnixMs, now: UnixMs, limit: u32) -> Vec<DeliveryDue> {
    let mut claimed = stores.events.claim_overdue(UnixMs(0)..=until, now, limit).await.unwrap();
    claimed.sort_by_key(|due| due.delivery);
    claimed
}

async fn a_delivery_is_claimed_when_it_was_due_in_the_span(stores: &Stores) {
    // Due at 1, 2 and 3 ms; the second failed, and is due at 5 s.
    let (first, second, third) =
        (stores.round("e1").await, stores.round("e2").await, stores.round("e3").await);
    assert!(stores.record(&second, Next::Again(NOW.plus(5_000))).await);
    assert!(stores.record(&third, Next::Delivered).await);
    assert_eq!(claim(stores, NOW, NOW.plus(9_000), 9).await, []);
    assert_eq!(claim(stores, NOW.plus(1), NOW.plus(9_000), 9).await, std::slice::from_ref(&first));
    assert_eq!(claim(stores, NOW.plus(4_999), NOW.plus(9_000), 9).await, [], "none is claimed twice");
    let later = DeliveryDue { round: 2, ..second };
    assert_eq!(claim(stores, NOW.plus(5_000), NOW.plus(9_000), 9).await, [later]);
    let again = NOW.plus(9_000 + DELIVERY_AGAIN_MS);
    assert_eq!(claim(stores, again.plus(-1), again, 9).await, []);
    assert_eq!(claim(stores, again, again, 9).await.len(), 2);
    let span = NOW.plus(90_000)..=NOW.plus(99_000);
    assert_eq!(stores.events.claim_overdue(span, again, 9).await.unwrap(), [], "of another span");
}

async fn a_delivery_is_claimed_by_one_sweeper(stores: &Stores) {
    for n in 0..30 {
        stores.round(&format!("e{n}")).await;
    }
    let racers = (0..6).map(|_| claim(stores, NOW.plus(60_000), NOW.plus(70_000), 20));
    let mut claimed: Vec<DeliveryDue> = join_all(racers).await.concat();
    claimed.extend(claim(stores, NOW.plus(60_000), NOW.plus(70_000), 99).await);
    claimed.sort_by_key(|due| due.delivery);
    claimed.dedup();
    assert_eq!(claimed.len(), 30);
}

async fn the_longest_due_are_claimed_first(stores: &Stores) {
    let mut due = Vec::new();
    for n in 0..5 {
        due.push(stores.round(&format!("e{n}")).await);
    }
    let mut claimed = Vec::new();
    for _ in 0..4 {
        claimed.push(claim(stores, NOW.plus(60_000), NOW.plus(70_000), 2).await);
    }
    assert_eq!(claimed, [&due[..2], &due[2..4], &due[4..], &[]]);
}

async fn the_backlog_is_what_is_pending(stores: &Stores) {
    assert_eq!(stores.events.event_backlog().await.unwrap(), (0, None));
    let first = stores.round("e1").await;
    stores.round("e2").await;
    assert_eq!(stores.events.event_backlog().await.unwrap(), (2, Some(NOW.plus(1))));
    assert!(stores.record(&first, Next::Delivered).await);
    assert_eq!(stores.events.event_backlog().await.unwrap(), (1, Some(NOW.plus(2))));
}

async fn what_was_given_up_is_counted(stores: &Stores) {
    let (first, second) = (stores.round("e1").await, stores.round("e2").await);
    stores.round("e3").await;
    assert_eq!(stores.events.dead_deliveries().await.unwrap(), 0);
    assert!(stores.record(&first, Next::Dead("no".to_owned())).await);
    assert!(stores.record(&second, Next::Delivered).await);
    assert_eq!(stores.events.dead_deliveries().await.unwrap(), 1);
}

async fn settled_events_expire_in_small_steps_with_all_that_belongs_to_them(stores: &Stores) {
    let (delivered, dead) = (stores.round("e1").await, stores.round("e2").await);
    stores.publish(event("e3")).await;
    stores.publish(event_to("pending", "knowledge")).await;
    let kept = stores.publish(event("young")).await;
    assert!(stores.record(&delivered, Next::Delivered).await);
    assert!(stores.record(&dead, Next::Dead("no".to_owned())).await);
    let before = kept.event.created_at;
    assert_eq!(stores.events.expire_events(before, 2).await.unwrap(), 2);
    assert!(stores.events.event(&id("e3")).await.unwrap().is_some(), "the oldest go first");
    assert_eq!(stores.events.expire_events(before, 2).await.unwrap(), 1);
    assert_eq!(stores.events.expire_events(before, 2).await.unwrap(), 0);
    let rows = [stores.rows_in("events").await, stores.rows_in("event_deliveries").await];
    assert_eq!((rows, stores.rows_in("event_attempts").await), ([2, 1], 0));
    assert!(stores.events.event(&id("pending")).await.unwrap().is_some());
}
