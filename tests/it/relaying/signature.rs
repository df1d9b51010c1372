//! What is posted is verified by the library that a service's author would use.

use serde_json::{Value, json};
use shared::model::Role;

use super::target::{Post, Target, at_last};
use crate::clients;
use crate::hark::{World, on_both};

fn deliveries(posts: &[Post]) -> String {
    let delivery = |post: &Post| json!({"headers": post.headers, "body": post.body});
    posts.iter().map(delivery).collect::<Value>().to_string()
}

/// The payloads, as the library gives them to a holder of that secret.
async fn verified(secret: &str, posts: &[Post]) -> Value {
    clients::run("read_webhooks.py", &[secret, &deliveries(posts)], &[]).await
}

async fn both_secrets_verify_an_event_while_one_takes_the_place_of_the_other(world: &World) {
    let hark = world.start().await;
    let ops = hark.user_as("ops", Role::Service).await;
    let target = Target::start(&[]).await;
    let old = target.register(&hark, &ops, "knowledge-service").await.expect("the service is new");
    // As the document publishes it.
    let event = json!({
        "type": "user_action",
        "source_service": "chat-service",
        "target_service": "knowledge-service",
        "data": {"action": "create_conversation", "user_id": "user123"},
        "priority": 2,
    });
    let first = hark.post(&ops, "/api/v1/events/publish", &event).await.expect(202);
    at_last(async || target.posts().len() == 1).await;
    let rotated = hark.post(&ops, "/api/v1/services/knowledge-service/secret", &json!({})).await.expect(200);
    let new = rotated["secret"].as_str().unwrap();
    hark.post(&ops, "/api/v1/events/publish", &event).await.expect(202);
    at_last(async || target.posts().len() == 2).await;

    let posts = target.posts();
    let payload = verified(&old, &posts).await[0].clone();
    assert_eq!(verified(new, &posts[1..]).await.as_array().unwrap().len(), 1);
    for (field, expected) in event.as_object().unwrap() {
        assert_eq!(&payload[field], expected, "{field}");
    }
    assert_eq!((&payload["id"], posts[0].id()), (&first["id"], first["id"].as_str().unwrap()));
    let timestamp = payload["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
    let signatures = posts[1].headers["webhook-signature"].as_str().unwrap();
    assert_eq!(signatures.split(' ').count(), 2, "{signatures}");
    hark.stop().await;
}

on_both! {
    both_secrets_verify_an_event_while_one_takes_the_place_of_the_other,
}
