//! Services that make users, and act for them.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};
use shared::config::{IssuerConfig, IssuerKeys, Secret, SigningKey};
use shared::http::ON_BEHALF_OF;
use shared::identity::Issuers;
use shared::model::Role;

use super::world::{Answer, Hark, Person};

/// A key of a service account with these permissions.
async fn key(admin: &Person<'_>, permissions: Value) -> String {
    let made = admin.post("/api/v1/service-accounts", json!({"username": "bot"})).await.ok();
    let keys = format!("/api/v1/service-accounts/{}/keys", made["id"]);
    let made = admin.post(&keys, json!({"name": "k", "permissions": permissions})).await.ok();
    made["key"].as_str().unwrap().to_owned()
}

async fn call_for(hark: &Hark, bearer: &str, user: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
        .header(ON_BEHALF_OF, user);
    hark.request(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_service_makes_users_rooms_and_messages_for_them() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let key = key(&admin, json!(["users.manage"])).await;
    let make = async |name: &str| {
        let body = json!({"username": name, "nickname": name.to_uppercase()});
        hark.call(Some(&key), Method::POST, "/api/v1/users", Some(body)).await
    };
    let (ann, bob) = (make("ann").await, make("bob").await);
    assert_eq!((ann.status, &ann.body["role"]), (201, &json!("user")));
    let rooms = json!({"name": "orders", "member_ids": [bob.body["id"]]});
    let room = call_for(&hark, &key, "ann", Method::POST, "/api/v1/rooms", rooms).await.ok();
    let messages = format!("/api/v1/rooms/{}/messages", room["id"]);
    call_for(&hark, &key, "ann", Method::POST, &messages, json!({"content": "your order is on its way"}))
        .await
        .ok();
    let bobs_id = bob.body["id"].to_string();
    let seen = call_for(&hark, &key, &bobs_id, Method::GET, &messages, Value::Null).await.ok();
    let message = &seen["messages"][0];
    assert_eq!(
        (&message["sender_id"], &message["content"]),
        (&ann.body["id"], &json!("your order is on its way"))
    );
}

#[tokio::test]
async fn acting_for_somebody_takes_a_key_with_users_manage_and_somebody_without_a_role() {
    let hark = Hark::start().await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let ann = hark.person("Ann").await;
    hark.person_as("Sam", Role::Staff).await;
    let vera = hark.person_as("Vera", Role::Visitor).await;
    let manager = key(&admin, json!(["users.manage"])).await;
    let me = "/api/v1/users/me";
    let seen = call_for(&hark, &manager, "ann", Method::GET, me, Value::Null).await.ok();
    assert_eq!(seen["id"], json!(ann.id));
    let seen = call_for(&hark, &manager, "vera", Method::GET, me, Value::Null).await.ok();
    assert_eq!(seen["id"], json!(vera.id));
    for (user, status, code) in [
        ("sam", 403, "forbidden"),
        ("bot", 403, "forbidden"),
        ("root", 403, "forbidden"),
        ("nobody", 404, "not_found"),
    ] {
        call_for(&hark, &manager, user, Method::GET, me, Value::Null).await.refused(status, code);
    }
    let by_admin = call_for(&hark, &admin.token, "ann", Method::GET, me, Value::Null).await;
    by_admin.refused(403, "forbidden");
    assert!(by_admin.message().contains("API key"), "{by_admin:?}");
    let by_ann = call_for(&hark, &ann.token, "sam", Method::GET, me, Value::Null).await;
    by_ann.refused(403, "forbidden");
    assert!(by_ann.message().contains("users.manage"), "{by_ann:?}");
    // What one does for somebody, one does with their permissions.
    call_for(&hark, &manager, "ann", Method::GET, "/api/v1/service-accounts", Value::Null)
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn a_user_made_elsewhere_is_made_once() {
    let key = SigningKey { kid: "1".into(), secret: Secret::new("x".repeat(32)) };
    let keys = IssuerKeys::Shared(vec![key]);
    let shop = IssuerConfig { issuer: "shop".into(), audience: None, keys };
    let hark = Hark::start_with(|mut app| {
        app.issuers = Issuers::new(&[shop]).into();
        app
    })
    .await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let make = async |name: &str, issuer: &str, id: &str| {
        let body = json!({"username": name, "external": {"issuer": issuer, "id": id}});
        admin.post("/api/v1/users", body).await
    };
    let (first, again) = (make("ann", "shop", "42").await, make("ann", "shop", "42").await);
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body, again.body);
    make("ann", "shop", "43").await.refused(409, "conflict");
    for (issuer, id, field) in [
        ("bank", "42", "external.issuer"),
        ("shop", "", "external.id"),
        ("shop", "4\0", "external.id"),
        ("shop", &*"4".repeat(256), "external.id"),
    ] {
        let refused = make("bob", issuer, id).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with(field), "{refused:?}");
    }
    assert_eq!(make("bob", "shop", &"4".repeat(255)).await.status, 201);
    let ann = hark.person("Somebody").await;
    let refused = ann.post("/api/v1/users", json!({"username": "cleo"})).await;
    refused.refused(403, "forbidden");
    assert!(refused.message().contains("users.manage"), "{refused:?}");
}
