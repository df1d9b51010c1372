//! The rules of `Visitors`.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::ids::UserId;
use shared::model::Role;
use shared::ports::{AccountsError, Arrival};

use super::desk::key;
use super::stores::{NOW, Stores};

on_every_engine! {
    a_visitor_is_a_user_without_a_password,
    the_same_key_is_the_same_visitor,
    racing_arrivals_make_one_visitor,
    what_is_not_said_stays,
    a_page_is_noted,
    who_is_no_visitor_is_none,
    whoever_served_last_is_known,
    the_key_of_an_anonymised_visitor_makes_another,
}

fn arrival(name: &str) -> Arrival {
    Arrival {
        key_digest: key(name),
        username: format!("visitor-{name}"),
        nickname: None,
        page: None,
        metadata: None,
    }
}

async fn a_visitor_is_a_user_without_a_password(stores: &Stores) {
    let account = stores.visitors.enter(arrival("vera"), NOW).await.unwrap();
    assert_eq!((account.role, account.created_at), (Role::Visitor, NOW));
    assert_eq!(
        (account.user.username.as_str(), account.user.nickname.as_str()),
        ("visitor-vera", "visitor-vera")
    );
    assert_eq!(stores.accounts.account(account.user.id).await.unwrap().unwrap(), account);
    assert!(stores.accounts.credentials("visitor-vera").await.unwrap().is_none());
}

async fn the_same_key_is_the_same_visitor(stores: &Stores) {
    let first = stores.visitors.enter(arrival("vera"), NOW).await.unwrap();
    let again = Arrival { username: "visitor-other".to_owned(), ..arrival("vera") };
    assert_eq!(stores.visitors.enter(again, NOW.plus(9)).await.unwrap(), first);
    let other = stores.visitors.enter(arrival("will"), NOW).await.unwrap();
    assert_ne!(other.user.id, first.user.id);
    assert_eq!(stores.rows_in("users").await, 2);
}

async fn racing_arrivals_make_one_visitor(stores: &Stores) {
    for round in 0..5 {
        let key = format!("v{round}");
        let racers = (0..8).map(|n| {
            let arrival = Arrival { username: format!("visitor-{round}-{n}"), ..arrival(&key) };
            stores.visitors.enter(arrival, NOW)
        });
        let entered: Vec<_> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
        assert!(entered.iter().all(|account| account == &entered[0]), "{entered:?}");
    }
    assert_eq!((stores.rows_in("users").await, stores.rows_in("visitors").await), (5, 5));
}

async fn seen(stores: &Stores, user: UserId) -> (String, Option<Value>, Option<Value>) {
    let visitor = stores.visitors.visitor(user).await.unwrap().unwrap();
    assert_eq!(visitor.user.id, user);
    (visitor.user.nickname, visitor.page, visitor.metadata)
}

async fn what_is_not_said_stays(stores: &Stores) {
    let (page, metadata) = (json!({"url": "https://shop.test/1"}), json!({"plan": "gold"}));
    let first = Arrival {
        nickname: Some("Vera".to_owned()),
        page: Some(page.clone()),
        metadata: Some(metadata.clone()),
        ..arrival("vera")
    };
    let user = stores.visitors.enter(first, NOW).await.unwrap().user.id;
    stores.visitors.enter(arrival("vera"), NOW).await.unwrap();
    assert_eq!(seen(stores, user).await, ("Vera".to_owned(), Some(page), Some(metadata.clone())));
    let page = json!({"url": "https://shop.test/2"});
    let next = Arrival { nickname: Some("V".to_owned()), page: Some(page.clone()), ..arrival("vera") };
    assert_eq!(stores.visitors.enter(next, NOW).await.unwrap().user.nickname, "V");
    assert_eq!(seen(stores, user).await, ("V".to_owned(), Some(page), Some(metadata)));
}

async fn a_page_is_noted(stores: &Stores) {
    let user = stores.visitor("vera").await;
    assert_eq!(seen(stores, user).await, ("vera".to_owned(), None, None));
    let page = json!({"title": "A \u{0} lamp"});
    assert!(stores.visitors.note_page(user, Some(page), None).await.unwrap());
    assert!(stores.visitors.note_page(user, None, Some(json!([1]))).await.unwrap());
    let (_, page, metadata) = seen(stores, user).await;
    assert_eq!((page.unwrap()["title"].as_str(), metadata), (Some("A \u{fffd} lamp"), Some(json!([1]))));
}

async fn who_is_no_visitor_is_none(stores: &Stores) {
    let ann = stores.user("ann").await;
    for nobody in [ann, UserId(999_999)] {
        assert_eq!(stores.visitors.visitor(nobody).await.unwrap(), None);
        assert!(!stores.visitors.note_page(nobody, Some(json!({})), None).await.unwrap());
    }
}

async fn whoever_served_last_is_known(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    let last = async || stores.visitors.visitor(vera).await.unwrap().unwrap().last_staff;
    assert_eq!(last().await, None);
    let sam = stores.serves("sam").await;
    let session = stores.open(vera).await;
    assert_eq!(last().await, Some(sam));
    stores.end(session.id).await;
    stores.desk.dismiss(sam, shared::desk::Terms { now: NOW, max_sessions: 5 }).await.unwrap();
    stores.open(vera).await;
    assert_eq!(last().await, Some(sam));
}

async fn the_key_of_an_anonymised_visitor_makes_another(stores: &Stores) {
    let vera = stores.visitor("vera").await;
    let session = stores.open(vera).await.id;
    let early = stores.accounts.anonymise(vera, stores.tick()).await;
    assert!(matches!(early, Err(AccountsError::InSession)), "{early:?}");
    stores.end(session).await;
    stores.accounts.anonymise(vera, stores.tick()).await.unwrap();
    assert_eq!(stores.visitors.visitor(vera).await.unwrap(), None);
    assert_eq!(stores.rows_in("visitors").await, 0);
    let another = stores.visitor("vera").await;
    assert_ne!(another, vera);
    // What they had stays, without them.
    assert_eq!(stores.seen(session).await.visitor.id, vera);
}
