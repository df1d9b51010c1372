use futures::future::join_all;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::EventType;
use shared::ports::{InstanceRef, NewInstance, ServicesError, Steward};
use shared::webhook::SigningSecret;

use super::super::stores::{NOW, Stores};
use super::{ROOMY, instance, manager, name, owner, registered};

on_every_engine! {
    a_service_is_its_first_registrars_and_nobody_elses,
    who_manages_may_do_it_with_anybodys_service,
    one_without_an_owner_is_the_next_registrars,
    of_two_who_register_a_name_at_once_one_has_it,
}

const SERVICE: &str = "user-service";

async fn owner_of(stores: &Stores) -> Option<UserId> {
    stores.services.service(&name(SERVICE)).await.unwrap().unwrap().owner_id
}

/// What becomes of each thing that only its owner may do: registering another instance, a heartbeat, subscriptions,
/// another secret, taking off an instance and the whole.
async fn everything(stores: &Stores, by: Steward) -> [Result<(), ServicesError>; 6] {
    let (services, service) = (&stores.services, name(SERVICE));
    let one = InstanceRef::Url("http://localhost:1".to_owned());
    let second = NewInstance { by, ..instance(SERVICE, 2, by.user) };
    let (secret, until): (_, UnixMs) = (SigningSecret::fresh(), NOW.plus(1));
    [
        services.register_instance(&second, ROOMY).await.map(drop),
        services.heard(by, &service, &one, Some(0.5), NOW).await.map(drop),
        services.set_subscriptions(by, &service, &[EventType::MessageStored]).await.map(drop),
        services.rotate_secret(by, &service, &secret, until).await,
        services.unregister(by, &service, Some(&one)).await.map(drop),
        services.unregister(by, &service, None).await.map(drop),
    ]
}

async fn a_service_is_its_first_registrars_and_nobody_elses(stores: &Stores) {
    let (ops, other) = (stores.user("ops").await, stores.user("other").await);
    let first = instance(SERVICE, 1, ops);
    registered(stores, &first).await;
    assert_eq!(owner_of(stores).await, Some(ops));
    let before = stores.services.service(&name(SERVICE)).await.unwrap();
    for refused in everything(stores, owner(other)).await {
        assert!(matches!(refused, Err(ServicesError::Foreign)), "{refused:?}");
    }
    assert_eq!(stores.services.service(&name(SERVICE)).await.unwrap(), before, "nothing of it is changed");
    let target = stores.services.targets(&[name(SERVICE)], NOW).await.unwrap().remove(0);
    assert_eq!(target.secrets, [first.secret]);
    for done in everything(stores, owner(ops)).await {
        done.unwrap();
    }
}

async fn who_manages_may_do_it_with_anybodys_service(stores: &Stores) {
    let (ops, root) = (stores.user("ops").await, stores.user("root").await);
    registered(stores, &instance(SERVICE, 1, ops)).await;
    let again = NewInstance { by: manager(root), ..instance(SERVICE, 1, root) };
    registered(stores, &again).await;
    assert_eq!(owner_of(stores).await, Some(ops), "it stays whose it was");
    for done in everything(stores, manager(root)).await {
        done.unwrap();
    }
}

async fn one_without_an_owner_is_the_next_registrars(stores: &Stores) {
    let (ops, other) = (stores.user("ops").await, stores.user("other").await);
    registered(stores, &instance(SERVICE, 1, ops)).await;
    stores.execute("update services set owner_id = null").await;
    let one = InstanceRef::Url("http://localhost:1".to_owned());
    stores.services.heard(owner(other), &name(SERVICE), &one, None, NOW).await.unwrap();
    assert_eq!(owner_of(stores).await, None, "who says that it lives doesn't own it");
    registered(stores, &instance(SERVICE, 2, other)).await;
    assert_eq!(owner_of(stores).await, Some(other));
    let late = stores.services.register_instance(&instance(SERVICE, 1, ops), ROOMY).await;
    assert!(matches!(late, Err(ServicesError::Foreign)), "{late:?}");
}

async fn of_two_who_register_a_name_at_once_one_has_it(stores: &Stores) {
    let mut news = Vec::new();
    for n in 1..=4 {
        let by = stores.user(&format!("ops{n}")).await;
        news.push(instance(SERVICE, n, by));
    }
    let made = join_all(news.iter().map(|new| stores.services.register_instance(new, ROOMY))).await;
    let owners: Vec<_> =
        news.iter().zip(&made).filter(|(_, made)| made.is_ok()).map(|(new, _)| new.by.user).collect();
    assert_eq!(owners, owner_of(stores).await.into_iter().collect::<Vec<_>>());
    assert!(made.iter().all(|made| matches!(made, Ok(_) | Err(ServicesError::Foreign))), "{made:?}");
}
