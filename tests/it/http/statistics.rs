use http::Method;
use serde_json::{Value, json};
use shared::model::{Role, Status};

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

const PATHS: [&str; 6] = [
    "realtime",
    "today",
    "range?startDate=2026-01-01&endDate=2026-01-02",
    "staff?startDate=2026-01-01&endDate=2026-01-02",
    "health",
    "online-users",
];

#[tokio::test]
async fn figures_are_for_staff_and_admins() {
    let hark = Hark::start().await;
    let (ann, vera) = (hark.person("Ann").await, hark.person_as("Vera", Role::Visitor).await);
    let (sam, root) = (hark.person_as("Sam", Role::Staff).await, hark.person_as("Root", Role::Admin).await);
    for path in PATHS {
        let path = format!("/api/chatstatistics/{path}");
        hark.call(None, Method::GET, &path, None).await.refused(401, "unauthenticated");
        for person in [&ann, &vera] {
            let refused = person.get(&path).await;
            refused.refused(403, "forbidden");
            assert!(refused.message().contains("statistics.view"), "{refused:?}");
        }
        for person in [&sam, &root] {
            person.get(&path).await.ok();
        }
    }
}

#[tokio::test]
async fn a_range_is_366_days_at_most_and_names_what_is_wrong_with_it() {
    let hark = Hark::start().await;
    let sam = hark.person_as("Sam", Role::Staff).await;
    for kind in ["range", "staff"] {
        let get = async |query: &str| sam.get(&format!("/api/chatstatistics/{kind}{query}")).await;
        get("?startDate=2024-01-01&endDate=2024-12-31").await.ok();
        for (query, field) in [
            ("?startDate=2024-01-01&endDate=2025-01-01", "endDate"),
            ("?startDate=2024-01-02&endDate=2024-01-01", "endDate"),
            ("?startDate=2024-02-30&endDate=2024-03-01", "startDate"),
            ("?startDate=2024-01-01&endDate=soon", "endDate"),
            ("?startDate=2024-01-01", "endDate"),
            ("?endDate=2024-01-01", "startDate"),
            ("", "startDate"),
        ] {
            let refused = get(query).await;
            refused.refused(400, "invalid");
            assert!(refused.message().starts_with(&format!("{field}: ")), "{kind}{query}: {refused:?}");
        }
    }
    let days = sam.get("/api/chatstatistics/range?startDate=2024-01-01&endDate=2024-12-31").await.ok();
    assert_eq!(days["days"].as_array().map(Vec::len), Some(366));
    assert_eq!(days["days"][365]["date"], "2024-12-31");
    assert_eq!(days["totals"]["averageWaitTime"], Value::Null);
}

#[tokio::test]
async fn the_fields_are_those_of_the_documents() {
    let hark = Hark::start().await;
    let sam = hark.person_as("Sam", Role::Staff).await;
    sam.connect("sams").await;
    let now = sam.get("/api/chatstatistics/realtime").await.ok();
    let expected = json!({
        "onlineUsers": 1, "onlineStaff": 0, "activeSessions": 0, "queuedVisitors": 0,
        "averageWaitTime": 0.0, "systemLoad": 0.0
    });
    assert_eq!(now, expected);
    let mut health = sam.get("/api/chatstatistics/health").await.ok();
    let at = health["timestamp"].as_str().expect("a time").to_owned();
    assert!(time::OffsetDateTime::parse(&at, &time::format_description::well_known::Rfc3339).is_ok(), "{at}");
    for service in ["redis", "signalR", "messageQueue", "database"] {
        assert!(health["latencies"][service].is_u64(), "{health}");
    }
    for field in ["timestamp", "latencies"] {
        health.as_object_mut().unwrap().remove(field);
    }
    let expected = json!({
        "status": "Healthy", "onlineUsers": 1, "onlineStaff": 0, "activeSessions": 0, "systemLoad": 0.0,
        "cacheConnected": true,
        "services": {
            "redis": "Connected", "signalR": "Running", "messageQueue": "Running", "database": "Connected"
        }
    });
    assert_eq!(health, expected);
}

#[tokio::test]
async fn staff_are_listed_by_pages() {
    let hark = Hark::start().await;
    for name in ["Sam", "Sue", "Tom"] {
        let (staff, app) = (hark.person_as(name, Role::Staff).await.id, &hark.app);
        let terms = app.config.support.terms(app.clock.now());
        app.desk.set_status(staff, Status::Online, terms).await.unwrap();
    }
    let root = hark.person_as("Root", Role::Admin).await;
    let page = async |number: u32| {
        let path = "/api/chatstatistics/staff?startDate=2026-01-01&endDate=2026-01-02";
        let mut page = root.get(&format!("{path}&page={number}&page_size=2")).await.ok();
        let staff = page.as_object_mut().unwrap().remove("staff").unwrap();
        let names: Vec<_> =
            staff.as_array().unwrap().iter().map(|member| member["username"].clone()).collect();
        (names, page)
    };
    // A page past the end says nothing of the others.
    for (number, names, total) in [(1, vec!["sam", "sue"], 3), (2, vec!["tom"], 3), (3, vec![], 0)] {
        let rest = json!({
            "startDate": "2026-01-01", "endDate": "2026-01-02", "timeZone": "UTC",
            "page": number, "page_size": 2, "total": total
        });
        assert_eq!(page(number).await, (names.into_iter().map(Value::from).collect(), rest));
    }
}

#[tokio::test]
async fn who_is_online_is_listed_by_pages_the_last_one_heard_first() {
    let hark = Hark::start().await;
    let sam = hark.person_as("Sam", Role::Staff).await;
    for name in ["Ann", "Bob", "Cid"] {
        hark.person(name).await.connect(name).await;
    }
    let page = async |query: &str| sam.get(&format!("/api/chatstatistics/online-users{query}")).await.ok();
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().expect("users");
        users.iter().map(|user| user["username"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let all = page("").await;
    assert_eq!((names(&all), &all["total"]), (["cid", "bob", "ann"].map(String::from).to_vec(), &json!(3)));
    assert_eq!((&all["page"], &all["page_size"]), (&json!(1), &json!(20)));
    assert_eq!(names(&page("?page=1&page_size=2").await), ["cid", "bob"]);
    assert_eq!(names(&page("?page=2&page_size=2").await), ["ann"]);
    assert_eq!(names(&page("?page=3&page_size=2").await), Vec::<String>::new());
    sam.get("/api/chatstatistics/online-users?page=0").await.refused(400, "invalid");
}
