use futures::future::join_all;
use serde_json::json;
use shared::ids::InstanceId;
use shared::model::{EventType, InstanceHealth, Page, Service};
use shared::ports::{InstanceRef, InstanceStep, NewInstance, RegistryLimits, ServicesError};

use super::super::stores::{FIRST_PAGE, NOW, Stores};
use super::{ROOMY, found, instance, name, owner, registered, take_down};

on_every_engine! {
    a_registered_instance_is_found_as_it_was_described,
    the_same_url_is_the_same_instance_described_anew,
    who_registers_again_has_started_anew,
    there_are_as_many_as_there_may_be_and_no_more,
    a_heartbeat_says_that_an_instance_lives_and_how_busy_it_is,
    an_instance_or_the_whole_service_is_unregistered,
    subscriptions_are_the_services_and_set_as_a_whole,
    services_are_listed_by_name,
}

async fn a_registered_instance_is_found_as_it_was_described(stores: &Stores) {
    let by = stores.user("ops").await;
    let new = instance("user-service", 8010, by);
    let first = registered(stores, &new).await;
    assert!(first.service_is_new);
    let made = &first.instance;
    assert_eq!((made.id, made.service_name.as_str()), (new.id, "user-service"));
    assert_eq!(
        (made.service_url.as_str(), made.events_url.as_str()),
        (new.url.as_str(), "http://localhost:8010/events")
    );
    assert_eq!(made.health_check_url.as_deref(), Some("http://localhost:8010/health"));
    assert_eq!((&made.metadata, made.load), (&json!({"version": "1.0.0"}), None));
    assert_eq!((made.health, made.checked_at), (InstanceHealth::Up, Some(NOW)));
    assert_eq!((made.last_seen, made.registered_at), (NOW, NOW));
    let change = first.change.unwrap();
    assert_eq!((change.change, change.instance_id), (InstanceStep::Registered, new.id));
    let kept = stores.services.service(&name("user-service")).await.unwrap().unwrap();
    let expected = Service {
        name: name("user-service"),
        owner_id: Some(by),
        created_at: NOW,
        subscriptions: vec![],
        instances: vec![made.clone()],
    };
    assert_eq!(kept, expected);
    assert_eq!(stores.services.service(&name("nobody")).await.unwrap(), None);
}

async fn the_same_url_is_the_same_instance_described_anew(stores: &Stores) {
    let by = stores.user("ops").await;
    let first = registered(stores, &instance("user-service", 8010, by)).await;
    let again = NewInstance {
        events_url: "http://localhost:9000/in".to_owned(),
        metadata: json!({"version": "2"}),
        now: NOW.plus(5),
        ..instance("user-service", 8010, by)
    };
    let known = registered(stores, &again).await;
    assert!(!known.service_is_new && known.change.is_none());
    assert_eq!((known.instance.id, known.instance.registered_at), (first.instance.id, NOW));
    assert_eq!((known.instance.last_seen, known.instance.successes), (NOW.plus(5), 2));
    assert_eq!(known.instance.events_url, "http://localhost:9000/in");
    assert_eq!(known.instance.metadata, json!({"version": "2"}));
    // Another service may be at the same place.
    let other = registered(stores, &instance("other", 8010, by)).await;
    assert!(other.service_is_new && other.instance.id != first.instance.id);
    assert_eq!(stores.rows_in("service_instances").await, 2);
}

async fn who_registers_again_has_started_anew(stores: &Stores) {
    let by = stores.user("ops").await;
    let new = instance("user-service", 8010, by);
    let made = registered(stores, &new).await.instance;
    take_down(stores, &made).await;
    let absent = registered(stores, &NewInstance { checked: Some(false), ..new.clone() }).await;
    assert_eq!((absent.instance.health, absent.instance.failures), (InstanceHealth::Unknown, 1));
    assert_eq!(absent.change, None, "nobody knows yet");
    take_down(stores, &made).await;
    let back = registered(stores, &new).await;
    assert_eq!((back.instance.health, back.change.unwrap().change), (InstanceHealth::Up, InstanceStep::Up));
    let trusted = NewInstance { checked: None, check_due_at: None, health_check_url: None, ..new };
    take_down(stores, &made).await;
    assert_eq!(registered(stores, &trusted).await.instance.health, InstanceHealth::Up);
}

async fn there_are_as_many_as_there_may_be_and_no_more(stores: &Stores) {
    let by = stores.user("ops").await;
    let limits = RegistryLimits { services: 3, instances: 2 };
    let names = ["a", "b", "c", "d", "e"];
    let racers = names.map(|name| instance(name, 1, by));
    let made = join_all(racers.iter().map(|new| stores.services.register_instance(new, limits))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 3);
    assert!(made.iter().all(|made| matches!(made, Ok(_) | Err(ServicesError::Full(3)))), "{made:?}");
    let known = made.iter().find_map(|made| made.as_ref().ok()).unwrap().instance.service_name.clone();
    let racers: Vec<_> = (2..=6).map(|port| instance(known.as_str(), port, by)).collect();
    let made = join_all(racers.iter().map(|new| stores.services.register_instance(new, limits))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "it had one");
    assert!(
        made.iter().all(|made| matches!(made, Ok(_) | Err(ServicesError::FullOfInstances(2)))),
        "{made:?}"
    );
    // A known one isn't one more.
    stores.services.register_instance(&instance(known.as_str(), 1, by), limits).await.unwrap();
    assert_eq!((stores.rows_in("services").await, stores.rows_in("service_instances").await), (3, 4));
}

async fn a_heartbeat_says_that_an_instance_lives_and_how_busy_it_is(stores: &Stores) {
    let by = stores.user("ops").await;
    let made = registered(stores, &instance("user-service", 1, by)).await.instance;
    let heard = async |service: &str, which, load, at| {
        stores.services.heard(owner(by), &name(service), &which, load, at).await
    };
    let by_id = InstanceRef::Id(made.id);
    let one = heard("user-service", by_id.clone(), Some(0.25), NOW.plus(1)).await.unwrap();
    assert_eq!((one.last_seen, one.load), (NOW.plus(1), Some(0.25)));
    let by_url = InstanceRef::Url(made.service_url.clone());
    let late = heard("user-service", by_url, None, NOW).await.unwrap();
    assert_eq!((late.last_seen, late.load), (NOW.plus(1), None), "a late one takes no life away");
    let unknown = heard("nobody", by_id.clone(), None, NOW).await;
    assert!(matches!(unknown, Err(ServicesError::Unknown)), "{unknown:?}");
    registered(stores, &instance("other", 1, by)).await;
    for which in [by_id, InstanceRef::Id(InstanceId::fresh()), InstanceRef::Url("http://x".to_owned())] {
        let unknown = heard("other", which, None, NOW).await;
        assert!(matches!(unknown, Err(ServicesError::UnknownInstance)), "{unknown:?}");
    }
}

async fn an_instance_or_the_whole_service_is_unregistered(stores: &Stores) {
    let by = stores.user("ops").await;
    let mut ids = Vec::new();
    for port in 1..=3 {
        ids.push(registered(stores, &instance("user-service", port, by)).await.instance);
    }
    stores
        .services
        .set_subscriptions(owner(by), &name("user-service"), &[EventType::Notification])
        .await
        .unwrap();
    let gone = async |which: Option<InstanceRef>| {
        let gone = stores.services.unregister(owner(by), &name("user-service"), which.as_ref()).await;
        gone.map(|gone| {
            gone.into_iter().map(|change| (change.change, change.instance_id)).collect::<Vec<_>>()
        })
    };
    let one = gone(Some(InstanceRef::Id(ids[0].id))).await.unwrap();
    assert_eq!(one, [(InstanceStep::Unregistered, ids[0].id)]);
    let again = gone(Some(InstanceRef::Id(ids[0].id))).await;
    assert!(matches!(again, Err(ServicesError::UnknownInstance)), "{again:?}");
    assert!(found(stores, &ids[1]).await.is_some());
    assert_eq!(gone(Some(InstanceRef::Url(ids[1].service_url.clone()))).await.unwrap().len(), 1);
    assert_eq!(gone(None).await.unwrap(), [(InstanceStep::Unregistered, ids[2].id)]);
    for which in [None, Some(InstanceRef::Id(ids[2].id))] {
        let again = gone(which).await;
        assert!(matches!(again, Err(ServicesError::Unknown)), "{again:?}");
    }
    assert_eq!(stores.rows_in("service_subscriptions").await, 0);
}

async fn subscriptions_are_the_services_and_set_as_a_whole(stores: &Stores) {
    let by = stores.user("ops").await;
    let wanted = Some(vec![EventType::MessageStored, EventType::UserAction, EventType::UserAction]);
    let first = NewInstance { subscriptions: wanted, ..instance("user-service", 1, by) };
    registered(stores, &first).await;
    let has = async || stores.services.service(&name("user-service")).await.unwrap().unwrap().subscriptions;
    assert_eq!(has().await, [EventType::UserAction, EventType::MessageStored]);
    registered(stores, &instance("user-service", 2, by)).await;
    assert_eq!(has().await.len(), 2, "who says nothing of them leaves them");
    registered(stores, &NewInstance { subscriptions: Some(vec![EventType::ErrorEvent]), ..first }).await;
    assert_eq!(has().await, [EventType::ErrorEvent]);
    let set = stores.services.set_subscriptions(owner(by), &name("user-service"), &[]).await.unwrap();
    assert_eq!((set.subscriptions.len(), set.instances.len()), (0, 2));
    let unknown = stores.services.set_subscriptions(owner(by), &name("nobody"), &[]).await;
    assert!(matches!(unknown, Err(ServicesError::Unknown)), "{unknown:?}");
}

async fn services_are_listed_by_name(stores: &Stores) {
    let by = stores.user("ops").await;
    for service in ["c", "a", "b"] {
        for port in 1..=2 {
            let new = NewInstance { now: NOW.plus(i64::from(port)), ..instance(service, port, by) };
            stores.services.register_instance(&new, ROOMY).await.unwrap();
        }
    }
    let listed = stores.services.services(FIRST_PAGE).await.unwrap();
    let names: Vec<_> = listed.items.iter().map(|service| service.name.as_str()).collect();
    assert_eq!((names, listed.total), (vec!["a", "b", "c"], 3));
    for service in &listed.items {
        let urls: Vec<_> = service.instances.iter().map(|instance| instance.service_url.as_str()).collect();
        assert_eq!(urls, ["http://localhost:1", "http://localhost:2"]);
    }
    let second = stores.services.services(Page { number: 2, size: 2 }).await.unwrap();
    assert_eq!((second.items.len(), second.items[0].name.as_str(), second.total), (1, "c", 3));
}
