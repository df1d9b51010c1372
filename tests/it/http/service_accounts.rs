//! Service accounts and their keys over HTTP.

use http::Method;
use serde_json::{Value, json};
use shared::identity::Caller;
use shared::model::Role;

use super::world::{Hark, Person};

const ACCOUNTS: &str = "/api/v1/service-accounts";

async fn bot(admin: &Person<'_>) -> String {
    let made = admin.post(ACCOUNTS, json!({"username": "bot", "nickname": "The bot"})).await.ok();
    assert_eq!((&made["role"], &made["nickname"]), (&json!("service"), &json!("The bot")));
    format!("{ACCOUNTS}/{}/keys", made["id"])
}

async fn key(admin: &Person<'_>, keys: &str, permissions: Value) -> Value {
    admin.post(keys, json!({"name": "nightly", "permissions": permissions})).await.ok()
}

/// Whether the bearer gets into what takes `messaging.view`.
async fn may_view(hark: &Hark, bearer: &Value) -> u16 {
    hark.call(bearer.as_str(), Method::GET, "/ws/info", None).await.status
}

#[tokio::test]
async fn a_key_may_do_what_it_was_given_and_nothing_else() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    let viewer = key(&admin, &keys, json!(["messaging.view"])).await;
    let other = key(&admin, &keys, json!(["events.view"])).await;
    assert_eq!(may_view(&hark, &viewer["key"]).await, 200);
    let refused = hark.call(other["key"].as_str(), Method::GET, "/ws/info", None).await;
    refused.refused(403, "forbidden");
    assert!(refused.message().contains("messaging.view"), "{refused:?}");
    assert_eq!(may_view(&hark, &json!("hark_made-up")).await, 401);
}

#[tokio::test]
async fn a_key_is_shown_once_and_listed_without_itself() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    let made = key(&admin, &keys, json!(["messaging.view"])).await;
    let (shown, hint) = (made["key"].as_str().unwrap(), made["hint"].as_str().unwrap());
    assert!(shown.starts_with("hark_") && shown.ends_with(hint) && hint.len() == 4);
    let listed = admin.get(&keys).await.ok();
    assert_eq!(listed["keys"][0]["permissions"], json!(["messaging.view"]));
    assert!(!listed.to_string().contains(shown));
    let accounts = admin.get(ACCOUNTS).await.ok();
    assert_eq!(
        (&accounts["total"], &accounts["service_accounts"][0]["username"]),
        (&json!(1), &json!("bot"))
    );
}

#[tokio::test]
async fn who_shows_a_key_is_known_for_as_long_as_it_is_in_force() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    let end = hark.app.clock.now().plus(60_000);
    let body = json!({"name": "k", "permissions": ["events.view"], "expires_at": end});
    let made = admin.post(&keys, body).await.ok();
    assert_eq!(made["expires_at"], json!(end));
    let caller = Caller::from_bearer(&hark.app, made["key"].as_str().unwrap()).await.expect("in force");
    assert_eq!(caller.expires_at, end);
}

#[tokio::test]
async fn a_revoked_key_opens_nothing() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    let made = key(&admin, &keys, json!(["messaging.view"])).await;
    let path = format!("{keys}/{}", made["id"]);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(may_view(&hark, &made["key"]).await, 401);
    admin.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn keys_take_users_manage_and_give_no_more_than_their_maker_has() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    for role in [Role::User, Role::Staff, Role::Service] {
        let somebody = hark.person_as(&format!("{role:?}"), role).await;
        let wanted = json!({"name": "mine", "permissions": ["events.view"]});
        for refused in [
            somebody.post(&keys, wanted).await,
            somebody.get(&keys).await,
            somebody.get(ACCOUNTS).await,
            somebody.post(ACCOUNTS, json!({"username": "another"})).await,
            somebody.delete(&format!("{keys}/1")).await,
        ] {
            refused.refused(403, "forbidden");
            assert!(refused.message().contains("users.manage"), "{refused:?}");
        }
    }
    let manager = key(&admin, &keys, json!(["users.manage"])).await;
    let beyond = json!({"name": "more", "permissions": ["users.manage", "events.view"]});
    let refused = hark.call(manager["key"].as_str(), Method::POST, &keys, Some(beyond)).await;
    refused.refused(403, "forbidden");
    assert!(refused.message().contains("events.view"), "{refused:?}");
}

#[tokio::test]
async fn what_a_key_lacks_is_named() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let keys = bot(&admin).await;
    for (body, field) in [
        (json!({"permissions": ["events.view"]}), "name"),
        (json!({"name": "", "permissions": ["events.view"]}), "name"),
        (json!({"name": "k", "permissions": []}), "permissions"),
        (json!({"name": "k", "permissions": ["coffee.make"]}), "permissions"),
        (json!({"name": "k", "permissions": ["events.view"], "expires_at": 1}), "expires_at"),
    ] {
        let refused = admin.post(&keys, body).await;
        refused.refused(400, "invalid");
        assert!(refused.message().contains(field), "{refused:?}");
    }
    let ann = hark.person("Ann").await;
    let not_a_service = format!("{ACCOUNTS}/{}/keys", ann.id);
    admin.get(&not_a_service).await.refused(404, "not_found");
    assert_eq!(admin.get(&keys).await.ok()["keys"], json!([]));
}
