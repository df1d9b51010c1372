use shared::clock::UnixMs;
use shared::ports::ServicesError;
use shared::webhook::SigningSecret;

use super::super::stores::{NOW, Stores};
use super::{instance, name, owner, registered};

on_every_engine! {
    a_secret_is_the_services_and_stays,
    a_secret_that_was_replaced_is_valid_for_a_while,
}

async fn valid(stores: &Stores, at: UnixMs) -> Vec<SigningSecret> {
    stores.services.targets(&[name("user-service")], at).await.unwrap().remove(0).secrets
}

async fn a_secret_is_the_services_and_stays(stores: &Stores) {
    let by = stores.user("ops").await;
    let first = instance("user-service", 1, by);
    registered(stores, &first).await;
    registered(stores, &instance("user-service", 2, by)).await;
    registered(stores, &instance("user-service", 1, by)).await;
    assert_eq!(valid(stores, NOW).await, [first.secret]);
}

async fn a_secret_that_was_replaced_is_valid_for_a_while(stores: &Stores) {
    let by = stores.user("ops").await;
    let first = instance("user-service", 1, by);
    registered(stores, &first).await;
    let (second, third) = (SigningSecret::fresh(), SigningSecret::fresh());
    let until = NOW.plus(1_000);
    stores.services.rotate_secret(owner(by), &name("user-service"), &second, until).await.unwrap();
    assert_eq!(valid(stores, NOW).await, [second.clone(), first.secret.clone()]);
    assert_eq!(valid(stores, until.plus(-1)).await, [second.clone(), first.secret]);
    assert_eq!(valid(stores, until).await, std::slice::from_ref(&second));
    stores.services.rotate_secret(owner(by), &name("user-service"), &third, until).await.unwrap();
    assert_eq!(valid(stores, NOW).await, [third, second]);
    let unknown =
        stores.services.rotate_secret(owner(by), &name("nobody"), &SigningSecret::fresh(), until).await;
    assert!(matches!(unknown, Err(ServicesError::Unknown)), "{unknown:?}");
}
