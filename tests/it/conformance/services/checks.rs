use std::collections::BTreeSet;

use futures::future::join_all;
use shared::ids::{InstanceId, UserId};
use shared::model::InstanceHealth;
use shared::ports::{Checked, InstanceRef, InstanceStep, InstanceTally, NewInstance};

use super::super::stores::{NOW, Stores};
use super::{found, instance, instances, manager, name, registered, take_down};

const MINUTE_MS: i64 = 60_000;

on_every_engine! {
    a_check_that_is_due_is_given_to_one_alone,
    what_has_no_health_url_is_never_checked,
    changes_are_told_when_they_happen_and_once,
    instances_are_counted_by_their_health,
    a_passed_check_is_a_sign_of_life,
    who_gives_no_sign_of_life_is_dropped_and_its_service_stays,
}

async fn a_check_that_is_due_is_given_to_one_alone(stores: &Stores) {
    let ten = instances(stores, "user-service", 10).await;
    let claim = async |at| stores.services.claim_checks(at, MINUTE_MS, 4).await.unwrap();
    assert_eq!(claim(NOW.plus(MINUTE_MS - 1)).await.len(), 0, "not yet");
    let due = NOW.plus(MINUTE_MS);
    let claimed: Vec<InstanceId> = join_all((0..4).map(|_| claim(due)))
        .await
        .into_iter()
        .flatten()
        .map(|instance| instance.id)
        .collect();
    let distinct: BTreeSet<_> = claimed.iter().copied().collect();
    assert_eq!(distinct.len(), claimed.len(), "one was given twice");
    let mut all = distinct;
    all.extend(claim(due).await.into_iter().map(|instance| instance.id));
    assert_eq!(all.len(), ten.len());
    assert_eq!(claim(due.plus(MINUTE_MS - 1)).await.len(), 0, "the next is a minute later");
    assert_eq!(claim(due.plus(MINUTE_MS)).await.len(), 4);
}

async fn what_has_no_health_url_is_never_checked(stores: &Stores) {
    let by = stores.user("ops").await;
    let new = NewInstance {
        health_check_url: None,
        checked: None,
        check_due_at: None,
        ..instance("user-service", 1, by)
    };
    let made = registered(stores, &new).await.instance;
    assert_eq!((made.health, made.checked_at), (InstanceHealth::Up, None));
    let due = stores.services.claim_checks(NOW.plus(10 * MINUTE_MS), MINUTE_MS, 10).await.unwrap();
    assert_eq!(due, []);
}

async fn changes_are_told_when_they_happen_and_once(stores: &Stores) {
    let two = instances(stores, "user-service", 2).await;
    let rounds = [
        (false, vec![]),
        (false, vec![]),
        (false, vec![(InstanceStep::Down, two[0].id)]),
        (false, vec![]),
        (true, vec![]),
        (true, vec![(InstanceStep::Up, two[0].id)]),
        (true, vec![]),
    ];
    for (round, (passed, expected)) in rounds.into_iter().enumerate() {
        let checked =
            [Checked { instance: two[0].id, passed }, Checked { instance: two[1].id, passed: true }];
        let changes = stores.services.note_checks(&checked, NOW).await.unwrap();
        let told: Vec<_> = changes.iter().map(|change| (change.change, change.instance_id)).collect();
        assert_eq!(told, expected, "round {round}");
    }
    // One that was unregistered while it was checked.
    let gone = [Checked { instance: InstanceId::fresh(), passed: false }];
    assert_eq!(stores.services.note_checks(&gone, NOW).await.unwrap(), []);
    assert_eq!(stores.services.note_checks(&[], NOW).await.unwrap(), []);
}

async fn instances_are_counted_by_their_health(stores: &Stores) {
    assert_eq!(stores.services.instances().await.unwrap(), InstanceTally::default());
    let three = instances(stores, "user-service", 3).await;
    take_down(stores, &three[0]).await;
    let by = stores.user("ops").await;
    let unchecked = NewInstance { checked: Some(false), ..instance("payments", 80, by) };
    assert_eq!(registered(stores, &unchecked).await.instance.health, InstanceHealth::Unknown);
    let tally = stores.services.instances().await.unwrap();
    assert_eq!(tally, InstanceTally { unknown: 1, up: 2, down: 1 });
}

async fn a_passed_check_is_a_sign_of_life(stores: &Stores) {
    let one = instances(stores, "user-service", 1).await.remove(0);
    let at = NOW.plus(MINUTE_MS);
    let note = async |passed, at| {
        stores.services.note_checks(&[Checked { instance: one.id, passed }], at).await.unwrap();
        let known = found(stores, &one).await.unwrap();
        (known.last_seen, known.checked_at.unwrap())
    };
    assert_eq!(note(true, at).await, (at, at));
    assert_eq!(note(false, at.plus(5)).await, (at, at.plus(5)));
    assert_eq!(note(true, NOW).await, (at, NOW), "a late one takes no life away");
}

async fn who_gives_no_sign_of_life_is_dropped_and_its_service_stays(stores: &Stores) {
    let three = instances(stores, "user-service", 3).await;
    let alive = InstanceRef::Id(three[2].id);
    stores
        .services
        .heard(manager(UserId(0)), &name("user-service"), &alive, None, NOW.plus(MINUTE_MS))
        .await
        .unwrap();
    let dropped = stores.services.drop_silent(NOW.plus(2), 10).await.unwrap();
    let told: Vec<_> = dropped.iter().map(|change| (change.change, change.instance_id)).collect();
    assert_eq!(told, [(InstanceStep::Dropped, three[0].id)], "heard just then is heard");
    assert_eq!(stores.services.drop_silent(NOW.plus(MINUTE_MS), 1).await.unwrap().len(), 1);
    assert_eq!(stores.services.drop_silent(NOW.plus(2 * MINUTE_MS), 10).await.unwrap().len(), 1);
    let service = stores.services.service(&name("user-service")).await.unwrap().unwrap();
    assert_eq!(service.instances, []);
}
