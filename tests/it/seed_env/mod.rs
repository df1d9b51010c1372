//! The keys of the messaging service's document: its `.env` as it stands there, and those that it only names.

mod process;

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use shared::model::Role;

use crate::hark::{Client, Hark, World, on_both};

/// Word for word.
const ENV: &str = include_str!("seed.env");
/// The document's is no secret.
const SECRET: &str = "your-secret-key-here-made-longer-by-us";

fn as_written() -> Vec<(String, String)> {
    let lines = ENV.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').expect("a key and its value"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The `.env` with the world's services and folder, on a port that is free, and with other values of some keys.
fn with(world: &World, others: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut variables = as_written();
    variables.retain(|(name, _)| name != "PORT");
    variables.extend(world.variables());
    let folder = world.folder().to_str().expect("a name").to_owned();
    variables.push(("STATE_DIR".to_owned(), folder));
    variables.extend(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables
}

async fn silent(hark: &Hark, ops: &Client, url: &str) -> usize {
    hark.running.schedules().run("upkeep").await.unwrap();
    let service = hark.get(ops, "/api/v1/services/user-service").await.expect(200);
    let instances = service["instances"].as_array().unwrap();
    instances.iter().filter(|instance| instance["service_url"] == url).count()
}

async fn what_the_document_only_names_counts_too(world: &World) {
    // Nobody is asked where services are, nor told by way of a gateway.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    nobody.set_nonblocking(true).unwrap();
    let elsewhere = format!("http://{}", nobody.local_addr().unwrap());
    let hark = world
        .start_with(&[
            ("WEBSOCKET_PING_INTERVAL", "20"),
            ("WEBSOCKET_PING_TIMEOUT", "10"),
            ("MESSAGE_BATCH_SIZE", "2"),
            ("SERVICE_REGISTRY_TIMEOUT", "120"),
            ("GATEWAY_URL", &elsewhere),
            ("SERVICE_DISCOVERY_URL", &elsewhere),
        ])
        .await;
    hark.running.schedules().hold(true);
    let (root, ops) = (hark.user_as("root", Role::Admin).await, hark.user_as("ops", Role::Service).await);
    let info = hark.get(&root, "/ws/info").await.expect(200);
    assert_eq!((&info["limits"]["ping_interval"], &info["limits"]["presence_ttl"]), (&json!(20), &json!(30)));

    let event = json!({"type": "user_action", "source_service": "chat-service", "data": {}});
    let batch = async |events: Vec<Value>| {
        hark.post(&ops, "/api/v1/events/publish", &json!({"events": events})).await
    };
    batch(vec![event.clone(); 2]).await.expect(202);
    assert!(batch(vec![event; 3]).await.refused(413, "too_large").contains("2 at most"));

    let url = "http://localhost:8010";
    let body = json!({"service_name": "user-service", "service_url": url});
    hark.post(&ops, "/api/v1/services/register", &body).await.expect(201);
    world.clock.turn(Duration::from_secs(119));
    assert_eq!(silent(&hark, &ops, url).await, 1);
    world.clock.turn(Duration::from_secs(2));
    assert_eq!(silent(&hark, &ops, url).await, 0, "it was silent for longer than SERVICE_REGISTRY_TIMEOUT");
    assert!(nobody.accept().is_err(), "nobody came");
    hark.stop().await;
}

on_both! {
    what_the_document_only_names_counts_too,
}
