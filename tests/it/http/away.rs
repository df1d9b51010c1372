//! What the functions answer while a service is away: adapters that knock at a closed port.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::app::App;
use shared::model::Role;
use shared::postgres::{Postgres, PostgresConfig};
use shared::redis::{RedisConfig, RedisPresence};

use super::world::Hark;

fn no_redis() -> RedisPresence {
    let config = RedisConfig {
        url: "redis://127.0.0.1:1".to_owned().into(),
        deadline: Duration::from_millis(150),
        presence_ttl: Duration::from_secs(300),
        routing_ttl: Duration::from_secs(7200),
        rate_messages_per_second: 0,
        rate_burst: 60,
    };
    RedisPresence::new(config).unwrap()
}

fn without_presence(app: App) -> App {
    App { presence: Arc::new(no_redis()), ..app }
}

fn without_database(app: App) -> App {
    let url = "postgres://nobody@127.0.0.1:1/none".to_owned();
    let postgres = Postgres::new(PostgresConfig {
        url: url.into(),
        max_connections: 1,
        deadline: Duration::from_millis(700),
    });
    let postgres = Arc::new(postgres.unwrap());
    App { database: postgres.clone(), accounts: postgres, ..app }
}

#[tokio::test]
async fn without_presence_a_message_is_stored_and_said_not_to_be_broadcast() {
    let hark = Hark::start_with(without_presence).await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let room = ann.group(&[bob.id]).await;
    let sent = ann.post(&format!("{room}/messages"), json!({"content": "hello"})).await;
    sent.refused(503, "not_broadcast");
    let error = &sent.body["error"];
    assert_eq!((&error["persisted"], &error["seq"]), (&json!(true), &json!(1)));
    let stored = bob.get(&format!("{room}/messages")).await.ok();
    assert_eq!(stored["messages"][0]["message_id"], error["message_id"]);
}

#[tokio::test]
async fn without_presence_who_is_online_is_unknown() {
    let hark = Hark::start_with(without_presence).await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let status = admin.get("/api/chat/online/status/root").await.ok();
    assert_eq!((&status["status"], &status["connections"]), (&json!("unknown"), &Value::Null));
    let figures = admin.get("/api/chat/online/stats").await.ok();
    assert_eq!(figures, json!({"online_users": null, "connections": null, "status": "unknown"}));
    assert_eq!(admin.get("/ws/info").await.ok()["connections"], Value::Null);
    let health = hark.call(None, Method::GET, "/health", None).await;
    assert_eq!((health.status, &health.body["status"]), (200, &json!("Degraded")));
    assert_eq!(health.body["services"]["redis"]["status"], "Unhealthy");
}

#[tokio::test]
async fn without_the_database_it_is_unhealthy_and_what_needs_it_may_be_tried_again() {
    let hark = Hark::start_with(without_database).await;
    let health = hark.call(None, Method::GET, "/health", None).await;
    assert_eq!((health.status, &health.body["status"]), (503, &json!("Unhealthy")));
    let login = json!({"username": "ann", "password": "123456"});
    let login = hark.post("/api/v1/auth/login", login).await;
    login.refused(503, "unavailable");
    assert!(login.body["error"]["retry_after_ms"].is_u64());
}

#[tokio::test]
async fn without_redis_figures_are_computed_and_what_it_would_know_is_null() {
    let hark = Hark::start_with(|app| App { cache: Arc::new(no_redis()), ..without_presence(app) }).await;
    let sam = hark.person_as("Sam", Role::Staff).await;
    let get = async |path: &str| sam.get(&format!("/api/chatstatistics/{path}")).await.ok();
    let now = get("realtime").await;
    assert_eq!((&now["onlineUsers"], &now["systemLoad"]), (&Value::Null, &Value::Null));
    assert_eq!((&now["onlineStaff"], &now["activeSessions"]), (&json!(0), &json!(0)));
    let health = get("health").await;
    assert_eq!((&health["status"], &health["cacheConnected"]), (&json!("Degraded"), &json!(false)));
    assert_eq!(
        (&health["services"]["redis"], &health["onlineUsers"]),
        (&json!("Disconnected"), &Value::Null)
    );
    let users = get("online-users").await;
    assert_eq!(users, json!({"users": null, "page": 1, "page_size": 20, "total": null}));
    for path in ["today", "range?startDate=2026-01-01&endDate=2026-01-02"] {
        assert!(get(path).await.is_object());
    }
    assert_eq!(get("staff?startDate=2026-01-01&endDate=2026-01-02").await["total"], 0);
}
