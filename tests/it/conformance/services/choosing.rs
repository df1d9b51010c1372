use std::collections::BTreeMap;

use futures::future::join_all;
use shared::ids::{InstanceId, UserId};
use shared::ports::{InstanceRef, NewInstance, ServicesError};
use shared::registry::Choice;

use super::super::stores::{NOW, Stores};
use super::{check, instance, instances, manager, name, registered, take_down};

on_every_engine! {
    turns_go_round_over_everybody_who_asks,
    only_those_that_are_up_are_chosen,
    a_service_without_one_is_told_from_none_at_all,
    the_least_loaded_is_chosen_by_its_last_heartbeat,
    a_key_stays_with_its_instance,
    events_go_to_those_that_are_up,
}

async fn chosen(stores: &Stores, choice: &Choice) -> InstanceId {
    stores.services.choose(&name("user-service"), choice).await.unwrap().id
}

async fn turns_go_round_over_everybody_who_asks(stores: &Stores) {
    let three = instances(stores, "user-service", 3).await;
    let racers = (0..30).map(|_| chosen(stores, &Choice::RoundRobin));
    let mut counted = BTreeMap::<InstanceId, u32>::new();
    for id in join_all(racers).await {
        *counted.entry(id).or_default() += 1;
    }
    let all: BTreeMap<_, _> = three.iter().map(|instance| (instance.id, 10)).collect();
    assert_eq!(counted, all, "each as often as the others, whatever the order");
}

async fn only_those_that_are_up_are_chosen(stores: &Stores) {
    let three = instances(stores, "user-service", 3).await;
    take_down(stores, &three[1]).await;
    let by = stores.user("ops").await;
    let unknown = NewInstance { checked: Some(false), by: manager(by), ..instance("user-service", 4, by) };
    registered(stores, &unknown).await;
    for choice in [Choice::RoundRobin, Choice::Random, Choice::LeastLoaded] {
        for _ in 0..20 {
            let id = chosen(stores, &choice).await;
            assert!([three[0].id, three[2].id].contains(&id), "{choice:?}");
        }
    }
    check(stores, &three[1], true, NOW).await;
    check(stores, &three[1], true, NOW).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(chosen(stores, &Choice::RoundRobin).await);
    }
    assert!(ids.contains(&three[1].id), "it is back");
}

async fn a_service_without_one_is_told_from_none_at_all(stores: &Stores) {
    let one = instances(stores, "user-service", 1).await;
    take_down(stores, &one[0]).await;
    for choice in [Choice::RoundRobin, Choice::Random, Choice::LeastLoaded, Choice::Sticky("k".to_owned())] {
        let none = stores.services.choose(&name("user-service"), &choice).await;
        assert!(matches!(none, Err(ServicesError::NoneHealthy)), "{none:?}");
        let unknown = stores.services.choose(&name("nobody"), &choice).await;
        assert!(matches!(unknown, Err(ServicesError::Unknown)), "{unknown:?}");
    }
}

async fn the_least_loaded_is_chosen_by_its_last_heartbeat(stores: &Stores) {
    let three = instances(stores, "user-service", 3).await;
    for (instance, load) in three.iter().zip([0.4, 0.2, 0.3]) {
        let which = InstanceRef::Id(instance.id);
        stores
            .services
            .heard(manager(UserId(0)), &name("user-service"), &which, Some(load), NOW)
            .await
            .unwrap();
    }
    assert_eq!(chosen(stores, &Choice::LeastLoaded).await, three[1].id);
    let which = InstanceRef::Id(three[1].id);
    stores.services.heard(manager(UserId(0)), &name("user-service"), &which, Some(1.0), NOW).await.unwrap();
    assert_eq!(chosen(stores, &Choice::LeastLoaded).await, three[2].id);
}

async fn a_key_stays_with_its_instance(stores: &Stores) {
    let three = instances(stores, "user-service", 3).await;
    let key = Choice::Sticky("room-7".to_owned());
    let first = chosen(stores, &key).await;
    for _ in 0..5 {
        assert_eq!(chosen(stores, &key).await, first);
    }
    let another = three.iter().find(|instance| instance.id != first).unwrap();
    take_down(stores, another).await;
    assert_eq!(chosen(stores, &key).await, first, "another's end moves no key of its own");
}

async fn events_go_to_those_that_are_up(stores: &Stores) {
    let users = instances(stores, "users", 2).await;
    let rooms = instances(stores, "rooms", 1).await;
    take_down(stores, &users[0]).await;
    take_down(stores, &rooms[0]).await;
    let asked = ["users", "rooms", "nobody"].map(name);
    let targets = stores.services.targets(&asked, NOW).await.unwrap();
    let up: Vec<_> = targets
        .iter()
        .map(|target| {
            let ids: Vec<_> = target.instances.iter().map(|instance| instance.id).collect();
            (target.service.as_str(), ids)
        })
        .collect();
    assert_eq!(up, [("rooms", vec![]), ("users", vec![users[1].id])]);
}
