//! The rules of `ApiKeys`.

use futures::future::join_all;
use shared::identity::{ApiKey, Permission};
use shared::ids::{ApiKeyId, UserId};
use shared::model::{ApiKeyRecord, Page, Role};
use shared::ports::{ApiKeysError, KEY_USE_NOTED_MS, NewAccount, NewApiKey};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, account};

on_every_engine! {
    a_key_is_known_by_its_digest_alone,
    a_key_that_expired_is_none,
    a_revoked_key_is_none_and_revokes_tokens,
    its_use_is_noted_to_the_minute,
    only_service_accounts_have_keys,
    an_account_has_so_many_keys_in_force,
    the_keys_of_a_deleted_account_are_gone,
    service_accounts_are_listed_by_id,
}

async fn service(stores: &Stores, name: &str) -> UserId {
    let new = NewAccount { role: Role::Service, password_hash: None, ..account(name) };
    stores.accounts.create(new, NOW).await.unwrap().user.id
}

fn new_key(account: UserId, key: &ApiKey) -> NewApiKey {
    NewApiKey {
        account,
        name: "nightly".into(),
        digest: key.digest(),
        hint: key.hint().into(),
        permissions: vec![Permission::EventsPublish, Permission::ServicesView],
        expires_at: None,
        made_by: account,
    }
}

async fn add(stores: &Stores, account: UserId, key: &ApiKey) -> ApiKeyRecord {
    stores.api_keys.add_key(&new_key(account, key), ROOMY, NOW).await.unwrap()
}

async fn a_key_is_known_by_its_digest_alone(stores: &Stores) {
    let (bot, key) = (service(stores, "bot").await, ApiKey::fresh());
    let made = add(stores, bot, &key).await;
    assert_eq!((made.name.as_str(), made.hint.as_str(), made.created_at), ("nightly", key.hint(), NOW));
    assert_eq!(made.permissions, [Permission::EventsPublish, Permission::ServicesView]);
    assert_eq!((made.expires_at, made.revoked_at, made.last_used_at), (None, None, None));

    let (account, found) =
        stores.api_keys.redeem_key(&key.digest(), NOW).await.unwrap().expect("it is known");
    assert_eq!((account.user.id, account.role, found.id), (bot, Role::Service, made.id));
    assert_eq!(stores.api_keys.redeem_key(&ApiKey::fresh().digest(), NOW).await.unwrap(), None);
}

async fn a_key_that_expired_is_none(stores: &Stores) {
    let (bot, key) = (service(stores, "bot").await, ApiKey::fresh());
    let new = NewApiKey { expires_at: Some(NOW.plus(10)), ..new_key(bot, &key) };
    stores.api_keys.add_key(&new, 1, NOW).await.unwrap();
    assert!(stores.api_keys.redeem_key(&key.digest(), NOW.plus(9)).await.unwrap().is_some());
    assert!(stores.api_keys.redeem_key(&key.digest(), NOW.plus(10)).await.unwrap().is_none());
    let next = new_key(bot, &ApiKey::fresh());
    assert!(stores.api_keys.add_key(&next, 1, NOW.plus(10)).await.is_ok(), "it counts no more");
}

async fn a_revoked_key_is_none_and_revokes_tokens(stores: &Stores) {
    let (bot, other) = (service(stores, "bot").await, service(stores, "other").await);
    let (key, kept) = (ApiKey::fresh(), ApiKey::fresh());
    let (made, _) = (add(stores, bot, &key).await, add(stores, bot, &kept).await);
    let revoke = async |account| stores.api_keys.revoke_key(account, made.id, NOW.plus(7)).await;
    assert!(matches!(revoke(other).await, Err(ApiKeysError::NotFound)), "it is another's");
    let before = stores.accounts.account(bot).await.unwrap().unwrap().token_version;

    revoke(bot).await.unwrap();
    assert!(stores.api_keys.redeem_key(&key.digest(), NOW).await.unwrap().is_none());
    assert!(stores.api_keys.redeem_key(&kept.digest(), NOW).await.unwrap().is_some());
    let after = stores.accounts.account(bot).await.unwrap().unwrap();
    assert_eq!((after.token_version, after.revoked_at), (before + 1, Some(NOW.plus(7))));
    assert!(matches!(revoke(bot).await, Err(ApiKeysError::NotFound)), "once is all");
    let shown = stores.api_keys.keys(bot).await.unwrap();
    assert_eq!(shown.iter().map(|key| key.revoked_at).collect::<Vec<_>>(), [None, Some(NOW.plus(7))]);
}

async fn its_use_is_noted_to_the_minute(stores: &Stores) {
    let (bot, key) = (service(stores, "bot").await, ApiKey::fresh());
    add(stores, bot, &key).await;
    let mut noted = vec![];
    for at in [0, KEY_USE_NOTED_MS - 1, KEY_USE_NOTED_MS] {
        stores.api_keys.redeem_key(&key.digest(), NOW.plus(at)).await.unwrap().expect("it is in force");
        noted.push(stores.api_keys.keys(bot).await.unwrap()[0].last_used_at);
    }
    assert_eq!(noted, [Some(NOW), Some(NOW), Some(NOW.plus(KEY_USE_NOTED_MS))]);
}

async fn only_service_accounts_have_keys(stores: &Stores) {
    for account in [stores.user("ann").await, UserId(999_999)] {
        let refused = stores.api_keys.add_key(&new_key(account, &ApiKey::fresh()), ROOMY, NOW).await;
        assert!(matches!(refused, Err(ApiKeysError::NotFound)), "{refused:?}");
    }
    assert_eq!(stores.rows_in("api_keys").await, 0);
}

async fn an_account_has_so_many_keys_in_force(stores: &Stores) {
    let bot = service(stores, "bot").await;
    let racing =
        (0..8).map(|_| async { stores.api_keys.add_key(&new_key(bot, &ApiKey::fresh()), 3, NOW).await });
    let (made, refused): (Vec<_>, Vec<_>) = join_all(racing).await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 3);
    assert!(refused.iter().all(|refused| matches!(refused, Err(ApiKeysError::Full(3)))), "{refused:?}");
    let first = made[0].as_ref().unwrap().id;
    stores.api_keys.revoke_key(bot, first, NOW).await.unwrap();
    assert!(stores.api_keys.add_key(&new_key(bot, &ApiKey::fresh()), 3, NOW).await.is_ok());
}

async fn the_keys_of_a_deleted_account_are_gone(stores: &Stores) {
    let (bot, key) = (service(stores, "bot").await, ApiKey::fresh());
    add(stores, bot, &key).await;
    stores.accounts.anonymise(bot, NOW).await.unwrap();
    assert!(stores.api_keys.redeem_key(&key.digest(), NOW).await.unwrap().is_none());
    assert_eq!(stores.rows_in("api_keys").await, 0);
    let gone = stores.api_keys.revoke_key(bot, ApiKeyId(1), NOW).await;
    assert!(matches!(gone, Err(ApiKeysError::NotFound)), "{gone:?}");
}

async fn service_accounts_are_listed_by_id(stores: &Stores) {
    stores.user("ann").await;
    let (one, two) = (service(stores, "one").await, service(stores, "two").await);
    let of = async |page| {
        let found = stores.api_keys.service_accounts(page).await.unwrap();
        (found.items.iter().map(|account| account.user.id).collect::<Vec<_>>(), found.total)
    };
    assert_eq!(of(FIRST_PAGE).await, (vec![one, two], 2));
    assert_eq!(of(Page { number: 2, size: 1 }).await, (vec![two], 2));
}
