//! Requests that nobody here thought of, made out of the document: none may be answered in a way that it doesn't name.

use serde_json::json;
use shared::model::Role;

use super::CONTRACT;
use crate::clients;
use crate::hark::{Client, Hark, World, full_or_tenth, on_embedded};

/// Of each operation at full size, besides those at the edges of its schemas.
const EXAMPLES: usize = 50;

/// What this run begins with; `SCHEMATHESIS_SEED` says it for a run that went wrong.
fn seed() -> String {
    std::env::var("SCHEMATHESIS_SEED").unwrap_or_else(|_| "20261121".to_owned())
}

async fn explore(hark: &Hark, who: &str, client: &Client) {
    let examples = full_or_tenth(EXAMPLES).to_string();
    let arguments = [who, &hark.running.http_url(), &client.token, &seed(), &examples];
    let done = clients::run("contract.py", &arguments, &[]).await;
    let operations = CONTRACT.operations.count() as u64;
    assert_eq!(done["tested"].as_u64(), Some(operations), "{done}");
}

/// Somebody to write to, a room to write in, a session, a service: what most operations need to come to anything.
async fn furnish(hark: &Hark, owner: &Client) {
    let bob = hark.user("bob").await;
    let room = hark.group(owner, &[&bob]).await;
    let said = json!({"content": "hello"});
    hark.post(owner, &format!("/api/v1/rooms/{room}/messages"), &said).await.expect(201);
    hark.post(&bob, "/api/v1/support/sessions", &json!({"message": "help"})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_admin_asks_is_answered_as_documented() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        let admin = hark.user_as("root", Role::Admin).await;
        furnish(&hark, &admin).await;
        explore(&hark, "admin", &admin).await;
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_anybody_asks_is_answered_as_documented() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        let ann = hark.user("ann").await;
        furnish(&hark, &ann).await;
        explore(&hark, "user", &ann).await;
        hark.stop().await;
    })
    .await;
}
