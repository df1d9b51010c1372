//! Events on their way to services, which are processes of their own.

mod failing;
mod health;
mod order;
mod signature;
mod target;

use serde_json::{Value, json};

use crate::hark::{Client, Hark};

pub use target::Target;

/// Publishes `count` events of these priorities in turn for a service, a batch at a time; their ids.
async fn publish(hark: &Hark, who: &Client, service: &str, count: usize, priorities: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    let drafts: Vec<Value> = (0..count)
        .map(|n| {
            json!({
                "type": "user_action",
                "source_service": "chat-service",
                "target_service": service,
                "priority": priorities[n % priorities.len()],
                "data": {"n": n},
            })
        })
        .collect();
    for batch in drafts.chunks(100) {
        let answer = hark.post(who, "/api/v1/events/publish", &json!({"events": batch})).await.expect(202);
        let events = answer["events"].as_array().expect("the events");
        ids.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
    }
    ids
}

/// How many deliveries are on their way.
async fn pending(hark: &Hark) -> i64 {
    hark.running.app().events.event_backlog().await.unwrap().0
}
