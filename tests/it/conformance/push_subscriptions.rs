//! The rules of `PushSubscriptions`.

use shared::ids::{PushSubscriptionId, UserId};
use shared::ports::{NewSubscription, PushSubscription, SubscriptionsError};
use shared::push::{AuthSecret, DeviceKey};

use super::stores::{NOW, Stores};

on_every_engine! {
    a_device_is_kept_as_it_was_described,
    a_known_endpoint_is_described_anew_and_moves_with_its_user,
    one_device_past_the_limit_is_refused,
    racing_devices_stay_within_the_limit,
    an_expired_device_is_left_out,
    only_its_user_forgets_a_device,
    what_revokes_tokens_ends_subscriptions,
    who_is_anonymised_has_no_device,
}

const MAX: u32 = 3;

pub(super) fn device(name: &str) -> NewSubscription {
    let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    NewSubscription {
        endpoint: format!("https://push.example.com/{name}"),
        key: DeviceKey::parse(key).unwrap(),
        auth: AuthSecret::parse("BTBZMqHH6r4Tts7J_aSIgg").unwrap(),
        expires_at: None,
        device: Some(name.to_owned()),
    }
}

async fn subscribe(stores: &Stores, user: UserId, name: &str) -> PushSubscription {
    stores.subscriptions.subscribe(user, &device(name), MAX, NOW).await.unwrap()
}

async fn listed(stores: &Stores, user: UserId) -> Vec<PushSubscription> {
    stores.subscriptions.subscriptions(user, NOW).await.unwrap()
}

async fn a_device_is_kept_as_it_was_described(stores: &Stores) {
    let ann = stores.user("ann").await;
    let new = NewSubscription { expires_at: Some(NOW.plus(1)), ..device("phone") };
    let kept = stores.subscriptions.subscribe(ann, &new, MAX, NOW).await.unwrap();
    assert_eq!((kept.endpoint.as_str(), kept.device.as_deref()), (new.endpoint.as_str(), Some("phone")));
    assert_eq!((kept.key, kept.auth), (new.key, new.auth));
    assert_eq!((kept.expires_at, kept.created_at), (new.expires_at, NOW));
    assert_eq!(listed(stores, ann).await, [kept]);
}

async fn a_known_endpoint_is_described_anew_and_moves_with_its_user(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let first = subscribe(stores, ann, "laptop").await;
    let again = NewSubscription { device: None, ..device("laptop") };
    let again = stores.subscriptions.subscribe(ann, &again, MAX, NOW).await.unwrap();
    assert_eq!((again.id, again.device.as_deref()), (first.id, None));
    let bobs = subscribe(stores, bob, "laptop").await;
    assert_eq!(listed(stores, ann).await, [], "whoever sits at it now gets its pushes");
    assert_eq!(listed(stores, bob).await, [bobs]);
}

async fn one_device_past_the_limit_is_refused(stores: &Stores) {
    let ann = stores.user("ann").await;
    for n in 1..=MAX {
        subscribe(stores, ann, &format!("d{n}")).await;
    }
    let refused = stores.subscriptions.subscribe(ann, &device("d4"), MAX, NOW).await;
    assert!(matches!(refused, Err(SubscriptionsError::Full(MAX))), "{refused:?}");
    assert_eq!(listed(stores, ann).await.len(), 3);
    subscribe(stores, ann, "d3").await;
    let nobody = stores.subscriptions.subscribe(UserId(99), &device("d5"), MAX, NOW).await;
    assert!(matches!(nobody, Err(SubscriptionsError::NoUser)), "{nobody:?}");
}

async fn racing_devices_stay_within_the_limit(stores: &Stores) {
    let ann = stores.user("ann").await;
    let devices: Vec<_> = (0..8).map(|n| device(&format!("d{n}"))).collect();
    let racing = devices.iter().map(|device| stores.subscriptions.subscribe(ann, device, MAX, NOW));
    let kept = futures::future::join_all(racing).await.into_iter().filter(Result::is_ok).count();
    assert_eq!((kept, listed(stores, ann).await.len()), (3, 3));
}

async fn an_expired_device_is_left_out(stores: &Stores) {
    let ann = stores.user("ann").await;
    for (name, expires_at) in [("past", NOW), ("soon", NOW.plus(1))] {
        let new = NewSubscription { expires_at: Some(expires_at), ..device(name) };
        stores.subscriptions.subscribe(ann, &new, MAX, NOW.plus(-1)).await.unwrap();
    }
    let names: Vec<_> = listed(stores, ann).await.into_iter().map(|kept| kept.device.unwrap()).collect();
    assert_eq!(names, ["soon"]);
}

async fn only_its_user_forgets_a_device(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let kept = subscribe(stores, ann, "phone").await;
    assert!(!stores.subscriptions.unsubscribe(bob, kept.id).await.unwrap());
    assert!(!stores.subscriptions.unsubscribe(ann, PushSubscriptionId(99)).await.unwrap());
    assert!(stores.subscriptions.unsubscribe(ann, kept.id).await.unwrap());
    assert!(!stores.subscriptions.unsubscribe(ann, kept.id).await.unwrap());
    assert_eq!(listed(stores, ann).await, []);
}

async fn what_revokes_tokens_ends_subscriptions(stores: &Stores) {
    let ann = stores.user("ann").await;
    for n in 1..=MAX {
        subscribe(stores, ann, &format!("d{n}")).await;
    }
    stores.accounts.revoke_tokens(ann, NOW).await.unwrap();
    assert_eq!(listed(stores, ann).await, []);
    let back = subscribe(stores, ann, "d4").await;
    assert_eq!(listed(stores, ann).await, [back], "those that ended count no more");
    assert_eq!(stores.rows_in("push_subscriptions").await, 1);
}

async fn who_is_anonymised_has_no_device(stores: &Stores) {
    let ann = stores.user("ann").await;
    subscribe(stores, ann, "phone").await;
    stores.accounts.anonymise(ann, NOW).await.unwrap();
    assert_eq!(stores.rows_in("push_subscriptions").await, 0);
}
