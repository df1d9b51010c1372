//! What became of each round.

use futures::future::join_all;
use shared::model::{Attempt, DeliveryState};
use shared::ports::{DeliveryDue, Next, Outcome};

use super::{attempt, event_to, id, service};
use crate::conformance::stores::{NOW, Stores};

on_every_engine! {
    a_round_that_is_due_comes_with_its_event,
    what_is_settled_or_at_another_round_is_not_due,
    a_failed_round_waits_for_the_next,
    a_delivery_is_settled_once,
    a_batch_is_written_together,
    of_two_who_record_a_round_one_is_heard,
    the_dead_are_revived_and_their_rounds_go_on_counting,
    one_service_is_revived_alone,
}

async fn due(stores: &Stores, asked: &[DeliveryDue]) -> Vec<DeliveryDue> {
    let found = stores.events.due(asked).await.unwrap();
    found.iter().map(|(delivery, event)| delivery.due(event.priority)).collect()
}

async fn a_round_that_is_due_comes_with_its_event(stores: &Stores) {
    let (first, second) = (stores.round("e1").await, stores.round("e2").await);
    let found = stores.events.due(&[second.clone(), first.clone()]).await.unwrap();
    let shown: Vec<_> = found.iter().map(|(delivery, event)| (delivery.id, event.id.as_str())).collect();
    assert_eq!(shown, [(first.delivery, "e1"), (second.delivery, "e2")]);
    assert_eq!(found[0].0.service, service("knowledge"));
    assert_eq!(Some(&found[0].1), stores.events.event(&id("e1")).await.unwrap().as_ref());
    assert_eq!(due(stores, &[]).await, []);
}

async fn what_is_settled_or_at_another_round_is_not_due(stores: &Stores) {
    let first = stores.round("e1").await;
    let later = DeliveryDue { round: 2, ..first.clone() };
    assert_eq!(due(stores, std::slice::from_ref(&later)).await, []);
    assert!(stores.record(&first, Next::Again(NOW)).await);
    assert_eq!(due(stores, &[first.clone(), later.clone()]).await, std::slice::from_ref(&later));
    assert!(stores.record(&later, Next::Delivered).await);
    assert_eq!(due(stores, &[first, later.clone(), DeliveryDue { round: 3, ..later }]).await, []);
}

async fn a_failed_round_waits_for_the_next(stores: &Stores) {
    let due = stores.round("e1").await;
    let attempts = vec![attempt(1, Some(500)), attempt(1, None), Attempt { url: None, ..attempt(1, None) }];
    let next = Next::Again(NOW.plus(1_000));
    let outcome = Outcome { delivery: due.delivery, round: 1, attempts: attempts.clone(), next };
    assert_eq!(stores.events.record(&[outcome], NOW.plus(20)).await.unwrap(), [due.delivery]);
    let (delivery, kept) = stores.delivery("e1").await;
    assert_eq!(kept, attempts);
    assert_eq!((delivery.state, delivery.rounds), (DeliveryState::Pending, 1));
    assert_eq!((delivery.due_at, delivery.settled_at, delivery.reason), (NOW.plus(1_000), None, None));
    assert!(!stores.record(&due, Next::Delivered).await, "the round was recorded");
    assert_eq!(stores.delivery("e1").await.0.rounds, 1);
}

async fn a_delivery_is_settled_once(stores: &Stores) {
    let due = stores.round("e1").await;
    assert!(stores.record(&due, Next::Delivered).await);
    for next in [Next::Delivered, Next::Again(NOW), Next::Dead("no".to_owned())] {
        assert!(!stores.record(&due, next.clone()).await, "{next:?}");
        let second = DeliveryDue { round: 2, ..due.clone() };
        assert!(!stores.record(&second, next.clone()).await, "{next:?}");
    }
    let (delivery, attempts) = stores.delivery("e1").await;
    assert_eq!((delivery.state, delivery.rounds, attempts.len()), (DeliveryState::Delivered, 1, 1));
    assert_eq!((delivery.settled_at, delivery.reason), (Some(NOW.plus(1_000)), None));
}

async fn a_batch_is_written_together(stores: &Stores) {
    let mut outcomes = Vec::new();
    for (n, next) in
        [Next::Delivered, Next::Dead("gone\0".to_owned()), Next::Again(NOW.plus(9))].into_iter().enumerate()
    {
        let due = stores.round(&format!("e{n}")).await;
        let attempts = (0..n).map(|_| attempt(1, Some(404))).collect();
        outcomes.push(Outcome { delivery: due.delivery, round: 1, attempts, next });
    }
    let stale = Outcome { round: 2, ..outcomes[0].clone() };
    let written = stores.events.record(&[&outcomes[..], &[stale]].concat(), NOW.plus(1)).await.unwrap();
    assert_eq!(written, outcomes.iter().map(|outcome| outcome.delivery).collect::<Vec<_>>());
    let mut states = Vec::new();
    for n in 0..3 {
        let (delivery, attempts) = stores.delivery(&format!("e{n}")).await;
        assert_eq!(attempts.len(), n);
        states.push((delivery.state, delivery.reason));
    }
    let dead = (DeliveryState::Dead, Some("gone\u{FFFD}".to_owned()));
    assert_eq!(states, [(DeliveryState::Delivered, None), dead, (DeliveryState::Pending, None)]);
    assert_eq!(stores.events.record(&[], NOW).await.unwrap(), []);
}

async fn of_two_who_record_a_round_one_is_heard(stores: &Stores) {
    let mut batch = Vec::new();
    for n in 0..10 {
        let due = stores.round(&format!("e{n}")).await;
        let attempts = vec![attempt(1, None)];
        batch.push(Outcome { delivery: due.delivery, round: 1, attempts, next: Next::Delivered });
    }
    let back: Vec<Outcome> = batch.iter().rev().cloned().collect();
    let racers = (0..8).map(|n| stores.events.record(if n % 2 == 0 { &batch } else { &back }, NOW));
    let written: usize = join_all(racers).await.into_iter().map(|written| written.unwrap().len()).sum();
    assert_eq!((written, stores.rows_in("event_attempts").await), (10, 10));
}

async fn the_dead_are_revived_and_their_rounds_go_on_counting(stores: &Stores) {
    let first = stores.round("e1").await;
    assert!(stores.record(&first, Next::Again(NOW)).await);
    let second = DeliveryDue { round: 2, ..first.clone() };
    assert_eq!(stores.events.revive(&id("e1"), None, NOW).await.unwrap(), [], "it isn't dead");
    assert!(stores.record(&second, Next::Dead("no".to_owned())).await);
    let revived = stores.events.revive(&id("e1"), None, NOW.plus(60_000)).await.unwrap();
    assert_eq!(revived, [DeliveryDue { round: 3, ..first }]);
    let (delivery, attempts) = stores.delivery("e1").await;
    assert_eq!((delivery.state, delivery.rounds, delivery.revived_after), (DeliveryState::Pending, 2, 2));
    assert_eq!((delivery.due_at, delivery.settled_at, delivery.reason), (NOW.plus(60_000), None, None));
    assert_eq!(attempts.len(), 2, "what was tried stays known");
    assert!(stores.record(&revived[0], Next::Delivered).await);
    assert_eq!(stores.events.revive(&id("e1"), None, NOW).await.unwrap(), []);
    assert_eq!(stores.events.revive(&id("unheard-of"), None, NOW).await.unwrap(), []);
}

async fn one_service_is_revived_alone(stores: &Stores) {
    stores.subscribe("audit", &[shared::model::EventType::UserAction]).await;
    let stored = stores.publish(event_to("e1", "knowledge")).await;
    for due in stored.due() {
        assert!(stores.record(&due, Next::Dead("no".to_owned())).await);
    }
    let audit = service("audit");
    let revived = stores.events.revive(&id("e1"), Some(&audit), NOW).await.unwrap();
    assert_eq!(revived.iter().map(|due| due.delivery).collect::<Vec<_>>(), [stored.deliveries[0].id]);
    assert_eq!(stores.events.revive(&id("e1"), Some(&service("alarms")), NOW).await.unwrap(), []);
    assert_eq!(stores.events.revive(&id("e1"), None, NOW).await.unwrap().len(), 1);
}
