use http::Method;
use serde_json::{Value, json};
use shared::model::Role;

use super::world::Hark;

#[tokio::test]
async fn health_asks_every_service_and_needs_no_token() {
    let hark = Hark::start().await;
    for path in ["/health", "/api/chat/health"] {
        let health = hark.call(None, Method::GET, path, None).await;
        assert_eq!((health.status, &health.body["status"]), (200, &json!("Healthy")));
        for service in ["database", "redis", "rabbitmq"] {
            assert_eq!(health.body["services"][service]["status"], "Healthy");
            assert!(health.body["services"][service]["latency_ms"].is_u64());
        }
        assert!(health.body["timestamp"].is_i64());
    }
}

#[tokio::test]
async fn who_is_connected_is_online() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let before = ann.get("/api/chat/online/status/bob").await.ok();
    assert_eq!((&before["status"], &before["connections"]), (&json!("offline"), &json!(0)));
    bob.connect("one").await;
    bob.connect("two").await;
    let online = ann.get(&format!("/api/chat/online/status/{}", bob.id)).await.ok();
    assert_eq!((&online["user_id"], &online["username"]), (&json!(bob.id), &json!("bob")));
    assert_eq!((&online["status"], &online["connections"]), (&json!("online"), &json!(2)));
    assert_eq!(online["endpoints"], json!(["http://127.0.0.1:1/live"]));
    assert!(online["last_seen"].is_i64());
    let figures = ann.get("/api/chat/online/stats").await.ok();
    assert_eq!((&figures["online_users"], &figures["connections"]), (&json!(1), &json!(2)));
    ann.get("/api/chat/online/status/nobody").await.refused(404, "not_found");
}

#[tokio::test]
async fn who_may_see_connections_sees_the_sockets_and_their_limits() {
    let hark = Hark::start().await;
    let (ann, admin) = (hark.person("Ann").await, hark.person_as("Root", Role::Admin).await);
    let refused = ann.get("/ws/info").await;
    refused.refused(403, "forbidden");
    assert!(refused.message().contains("messaging.view"));
    ann.connect("anns").await;
    let room = ann.group(&[]).await;
    ann.say(&room, "waits for its consumer").await;
    let info = admin.get("/ws/info").await.ok();
    assert_eq!((&info["connections"], &info["online_users"]), (&json!(1), &json!(1)));
    let limits = json!({
        "max_connections": 20_000, "user_max_connections": 20, "ping_interval": 30, "presence_ttl": 300, "frame_max_bytes": 32_768,
        "message_max_bytes": 131_072, "outgoing_frame_max_bytes": 30_720, "content_max_chars": 8_000,
        "metadata_max_bytes": 4_096, "messages_per_second": 0, "burst": 60
    });
    assert_eq!(info["limits"], limits);
    assert_eq!(info["outbox"]["open"], 1);
    assert_ne!(info["outbox"]["oldest"], Value::Null);
}
