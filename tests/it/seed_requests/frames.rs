//! The WebSocket of the document: its example, and each of its six types of messages.

use serde_json::{Value, json};
use shared::model::Role;

use super::written::written;
use crate::hark::{World, on_both};

/// What the document's client sends.
pub(super) fn chat() -> Value {
    json!({
        "type": "chat",
        "data": {
            "message": "Hello, world!",
            "room": "general"
        }
    })
}

async fn the_documents_client_talks_in_its_room(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let mut anns = hark.open(&format!("/ws/client123?token={}", ann.token), &[]).await.unwrap();
    let mut bobs = hark.open(&format!("/ws/client124?token={}", bob.token), &[]).await.unwrap();
    let refused = anns.ask(&chat()).await;
    assert_eq!(refused["type"], "error", "it isn't in the room yet: {refused}");
    for user in [&ann, &bob] {
        written("join").send(&hark, &user.token).await.expect(200);
    }
    let ack = anns.ask(&chat()).await;
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(1)), "{ack}");
    let got = bobs.next_of("message").await;
    assert_eq!((&got["content"], &got["sender_name"]), (&json!("Hello, world!"), &json!("ANN")));
    assert_eq!(got["message_id"], ack["message_id"]);
    hark.stop().await;
}

async fn each_type_of_message_is_taken_or_arrives(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let root = hark.user_as("root", Role::Admin).await;
    for user in [&ann, &bob] {
        written("join").send(&hark, &user.token).await.expect(200);
    }
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.next_where(|frame| frame["type"] == "status_update" && frame["status"] == "online").await;

    anns.ask(&chat()).await;
    assert_eq!(bobs.next_of("message").await["content"], "Hello, world!");
    let beat = anns.ask(&json!({"type": "heartbeat"})).await;
    assert_eq!((&beat["type"], &beat["content"]), (&json!("heartbeat"), &json!("pong")), "{beat}");
    let chosen = bobs.ask(&json!({"type": "status_update", "status": "busy"})).await;
    assert_eq!((&chosen["type"], &chosen["status"]), (&json!("ack"), &json!("busy")), "{chosen}");
    let told = anns.next_where(|frame| frame["type"] == "status_update" && frame["status"] == "busy").await;
    assert_eq!(told["user_id"], bob.id);

    written("broadcast").send(&hark, &root.token).await.expect(202);
    assert_eq!(anns.next_of("notification").await["data"]["title"], "系统通知");
    let system = json!({"message_type": "system", "target_type": "all", "data": {"reload": true}});
    hark.post(&root, "/api/v1/broadcast", &system).await.expect(202);
    assert_eq!(anns.next_event("broadcast").await["data"], json!({"reload": true}));
    for theirs in ["notification", "error", "system"] {
        let error = anns.ask(&json!({"type": theirs, "id": 7})).await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!("invalid")),
            "{theirs}: {error}"
        );
        assert_eq!(error["id"], 7);
    }
    hark.stop().await;
}

on_both! {
    the_documents_client_talks_in_its_room,
    each_type_of_message_is_taken_or_arrives,
}
