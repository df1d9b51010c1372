use serde_json::{Value, json};
use shared::model::Role;
use shared::names::BROADCAST_DATA_MAX_BYTES;

use super::world::Hark;

const BROADCAST: &str = "/api/v1/broadcast";
const ID: &str = "019b791b-70bb-7000-8000-0000000000b1";

/// As in the documents.
fn maintenance() -> Value {
    json!({
        "message_type": "notification", "target_type": "all",
        "data": {"title": "系统通知", "content": "服务维护将在30分钟后开始"}
    })
}

/// The same with other values in some places.
fn with(fields: &[(&str, Value)]) -> Value {
    let mut body = maintenance();
    for (field, value) in fields {
        body[*field] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_broadcast_is_begun_followed_and_begun_once() {
    let hark = Hark::start().await;
    let root = hark.person_as("Root", Role::Admin).await;
    let begun = root.post(BROADCAST, with(&[("id", json!(ID))])).await;
    assert_eq!(begun.status, 202);
    let begun = begun.ok();
    assert_eq!(
        (&begun["id"], &begun["message_type"], &begun["target_type"]),
        (&json!(ID), &json!("notification"), &json!("all"))
    );
    assert_eq!(
        (&begun["state"], &begun["sockets"], &begun["left"]),
        (&json!("running"), &json!(0), &json!(0))
    );
    assert_eq!(begun["finished_at"], Value::Null);
    assert_eq!(root.get(&format!("{BROADCAST}/{ID}")).await.ok(), begun);
    assert_eq!(root.post(BROADCAST, with(&[("id", json!(ID))])).await.ok(), begun);
    let other = with(&[("id", json!(ID)), ("message_type", json!("system"))]);
    root.post(BROADCAST, other).await.refused(409, "conflict");
    let (open, _) = hark.app.outbox.backlog().await.unwrap();
    assert_eq!(open, 1, "a repeat opens nothing");
}

#[tokio::test]
async fn a_broadcast_takes_its_permission() {
    let hark = Hark::start().await;
    for role in [Role::User, Role::Staff, Role::Service] {
        let person = hark.person_as(&format!("{role:?}"), role).await;
        for answer in
            [person.post(BROADCAST, maintenance()).await, person.get(&format!("{BROADCAST}/{ID}")).await]
        {
            answer.refused(403, "forbidden");
            assert!(answer.message().contains("messaging.broadcast"), "{answer:?}");
        }
    }
    hark.post(BROADCAST, maintenance()).await.refused(401, "unauthenticated");
    assert_eq!(hark.app.outbox.backlog().await.unwrap().0, 0);
}

#[tokio::test]
async fn a_refusal_names_the_field_and_nothing_is_begun() {
    let hark = Hark::start().await;
    let root = hark.person_as("Root", Role::Admin).await;
    let of = |n: usize| json!({ "k": "x".repeat(n - r#"{"k":""}"#.len()) });
    let room = ("target_type", json!("room"));
    let user = ("target_type", json!("user"));
    for (field, body) in [
        ("message_type", with(&[("message_type", json!("chat"))])),
        ("target_type", with(&[("target_type", json!("everyone"))])),
        ("data", with(&[("data", json!("text"))])),
        ("data", with(&[("data", of(BROADCAST_DATA_MAX_BYTES + 1))])),
        ("id", with(&[("id", json!("b1"))])),
        ("target", with(&[("target", json!(1))])),
        ("target", with(&[room.clone()])),
        ("target", with(&[user.clone(), ("target", json!({"id": 1}))])),
    ] {
        let refused = root.post(BROADCAST, body).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with(&format!("{field}: ")), "{refused:?}");
    }
    for nowhere in [with(&[room, ("target", json!(99))]), with(&[user, ("target", json!("nobody"))])] {
        let refused = root.post(BROADCAST, nowhere).await;
        refused.refused(404, "not_found");
        assert!(refused.message().starts_with("target: "), "{refused:?}");
    }
    root.get(&format!("{BROADCAST}/{ID}")).await.refused(404, "not_found");
    assert_eq!(hark.app.outbox.backlog().await.unwrap().0, 0);
    assert_eq!(root.post(BROADCAST, with(&[("data", of(BROADCAST_DATA_MAX_BYTES))])).await.status, 202);
}
