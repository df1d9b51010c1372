//! The registry of services, before real HTTP servers of the test's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::app::App;
use shared::config::RegistryConfig;
use shared::model::Role;
use shared::names::{METADATA_MAX_BYTES, SERVICE_NAME_MAX_CHARS};
use shared::ports::RegistryLimits;
use shared::webhook::{Networks, Outbound, SigningSecret, URL_MAX_CHARS};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::world::{Hark, Person};

/// A service on loopback whose `/health` answers with a status; ended on drop.
struct Server {
    url: String,
    serving: AbortHandle,
}

impl Server {
    async fn start(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let router = Router::new().route("/health", get(async move || status));
        let serving =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }).abort_handle();
        Self { url, serving }
    }

    fn registration(&self, name: &str) -> Value {
        json!({
            "service_name": name,
            "service_url": self.url,
            "health_check_url": format!("{}/health", self.url),
            "metadata": {"version": "1.0.0"},
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// As the runner is configured, with room for so many.
async fn on_loopback(limits: RegistryLimits) -> Hark {
    Hark::start_with(|app| {
        let mut config = (*app.config).clone();
        config.registry = RegistryConfig { networks: Networks::Loopback, limits, ..config.registry };
        App { config: Arc::new(config), outbound: Outbound::new(Networks::Loopback), ..app }
    })
    .await
}

const ROOMY: RegistryLimits = RegistryLimits { services: 100, instances: 100 };

const REGISTER: &str = "/api/v1/services/register";

async fn discovered(who: &Person<'_>, query: &str) -> Value {
    who.get(&format!("/api/v1/services/user-service/discover{query}")).await.ok()
}

#[tokio::test]
async fn the_documents_service_is_registered_checked_and_discovered() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let server = Server::start(204).await;
    let made = service.post(REGISTER, server.registration("user-service")).await;
    assert_eq!(made.status, 201);
    let secret = made.body["secret"].as_str().unwrap();
    assert!(SigningSecret::parse(secret).is_ok());
    assert_eq!((&made.body["service_name"], &made.body["health"]), (&json!("user-service"), &json!("up")));
    assert_eq!(made.body["events_url"], format!("{}/events", server.url));
    assert!(made.body["instance_id"].is_string() && made.body["metadata"]["version"] == "1.0.0");

    let mut slashed = server.registration("user-service");
    slashed["service_url"] = json!(format!("{}/", server.url));
    let again = service.post(REGISTER, slashed).await;
    assert_eq!((again.status, &again.body["instance_id"]), (200, &made.body["instance_id"]));
    assert!(again.body.get("secret").is_none(), "it is shown once");

    let found = discovered(&service, "").await;
    assert_eq!(
        (&found["service_url"], &found["instance_id"]),
        (&json!(server.url), &made.body["instance_id"])
    );
    let list = service.get("/api/v1/services").await.ok();
    assert_eq!((&list["total"], &list["services"][0]["service_name"]), (&json!(1), &json!("user-service")));
    let shown = service.get("/api/v1/services/user-service").await.ok();
    assert_eq!(shown, list["services"][0]);
    assert!(!format!("{list}{shown}{found}").contains("whsec_"), "nor anywhere else");
}

#[tokio::test]
async fn one_that_fails_its_first_check_is_known_and_not_chosen() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let (ill, moved) = (Server::start(503).await, Server::start(307).await);
    for server in [&ill, &moved] {
        let made = service.post(REGISTER, server.registration("user-service")).await.ok();
        assert_eq!(made["health"], "unknown");
    }
    let none = service.get("/api/v1/services/user-service/discover").await;
    none.refused(503, "unavailable");
    assert_eq!(none.body["error"]["retry_after_ms"], 1000);
    service.get("/api/v1/services/nobody/discover").await.refused(404, "not_found");
    let due = hark.app.services.claim_checks(hark.app.clock.now(), 1, 10).await.unwrap();
    assert_eq!(due.len(), 2, "they are looked at again soon");
}

#[tokio::test]
async fn strategies_spread_as_they_say() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    for (port, load) in [(1, 0.9), (2, 0.1), (3, 0.5)] {
        let url = format!("http://localhost:{port}");
        let body = json!({"service_name": "user-service", "service_url": url});
        assert_eq!(service.post(REGISTER, body).await.ok()["health"], "up", "nothing says otherwise");
        let beat = json!({"service_name": "user-service", "service_url": url, "load": load});
        assert_eq!(service.post("/api/v1/services/heartbeat", beat).await.ok()["load"], load);
    }
    let mut turns = BTreeMap::<String, u32>::new();
    for _ in 0..9 {
        *turns.entry(discovered(&service, "").await["service_url"].to_string()).or_default() += 1;
    }
    assert!(turns.len() == 3 && turns.values().all(|count| *count == 3), "{turns:?}");
    assert_eq!(discovered(&service, "?strategy=least_loaded").await["service_url"], "http://localhost:2");
    discovered(&service, "?strategy=random").await;
    let first = discovered(&service, "?key=room-7").await;
    for query in ["?key=room-7", "?strategy=sticky&key=room-7"] {
        assert_eq!(discovered(&service, query).await["instance_id"], first["instance_id"]);
    }
    let key = |chars: usize| format!("/api/v1/services/user-service/discover?key={}", "k".repeat(chars));
    service.get(&key(256)).await.ok();
    let wrong = ["?key=", "?strategy=sticky", "?strategy=random&key=k"];
    let wrong = wrong.map(|query| format!("/api/v1/services/user-service/discover{query}"));
    for path in wrong.iter().chain([&key(257)]) {
        let refused = service.get(path).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with("key: "), "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_written() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let fine = json!({"service_name": "s", "service_url": "http://localhost:1"});
    let with = |field: &str, value: Value| {
        let mut body = fine.clone();
        body[field] = value;
        body
    };
    let metadata = |bytes: usize| json!({"k": "x".repeat(bytes - r#"{"k":""}"#.len())});
    let url = |chars: usize| json!(format!("http://localhost:1/{}", "x".repeat(chars - 19)));
    let wrong = [
        ("service_name", json!("")),
        ("service_name", json!("two words")),
        ("service_name", json!("hark")),
        ("service_name", json!("s".repeat(SERVICE_NAME_MAX_CHARS + 1))),
        ("service_url", json!("localhost:8010")),
        ("service_url", json!("ftp://localhost")),
        ("service_url", json!("http://10.0.0.1:8010")),
        ("service_url", json!("http://169.254.169.254/latest")),
        ("service_url", json!("http://localhost:1?x=1")),
        ("service_url", json!("http://ann:pw@localhost:1")),
        ("service_url", url(URL_MAX_CHARS + 1)),
        ("health_check_url", json!("http://[fe80::1]/")),
        ("events_url", json!("http://192.168.0.1/events")),
        ("metadata", json!([1])),
        ("metadata", metadata(METADATA_MAX_BYTES + 1)),
        ("subscriptions", json!(["coffee_break"])),
    ];
    for (field, value) in wrong {
        let refused = service.post(REGISTER, with(field, value.clone())).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with(field), "{value}: {refused:?}");
    }
    assert_eq!(service.get("/api/v1/services").await.ok()["total"], 0);
    let most = json!({
        "service_name": "s".repeat(SERVICE_NAME_MAX_CHARS),
        "service_url": "http://localhost:1",
        "events_url": url(URL_MAX_CHARS),
        "metadata": metadata(METADATA_MAX_BYTES),
    });
    assert_eq!(service.post(REGISTER, most).await.status, 201, "each at its limit");

    service.post(REGISTER, fine.clone()).await.ok();
    for (load, status) in [(-0.1, 400), (0.0, 200), (1.0, 200), (1.1, 400)] {
        let answer = service.post("/api/v1/services/heartbeat", with("load", json!(load))).await;
        assert_eq!(answer.status, status, "{load}");
    }
    let nameless = service.post("/api/v1/services/heartbeat", json!({"service_name": "s"})).await;
    nameless.refused(400, "invalid");
    let twice = with("instance_id", json!("019b76da-a800-7000-8000-000000000001"));
    service.post("/api/v1/services/heartbeat", twice.clone()).await.refused(400, "invalid");
    service.post("/api/v1/services/unregister", twice).await.refused(400, "invalid");
}

#[tokio::test]
async fn there_are_as_many_as_the_settings_say() {
    let hark = on_loopback(RegistryLimits { services: 2, instances: 2 }).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let register = async |name: &str, port: u32| {
        let body = json!({"service_name": name, "service_url": format!("http://localhost:{port}")});
        service.post(REGISTER, body).await
    };
    for (name, port) in [("a", 1), ("a", 2), ("b", 1)] {
        assert_eq!(register(name, port).await.status, 201);
    }
    for (name, port) in [("a", 3), ("c", 1)] {
        register(name, port).await.refused(409, "conflict");
    }
    assert_eq!(register("a", 2).await.status, 200);
}

#[tokio::test]
async fn a_service_is_unregistered_as_a_whole_or_in_part() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let register = async |port: u32| {
        let body = json!({"service_name": "s", "service_url": format!("http://localhost:{port}")});
        service.post(REGISTER, body).await.ok()
    };
    let ids =
        [register(1).await, register(2).await, register(3).await].map(|made| made["instance_id"].clone());
    let one = format!("/api/v1/services/s/instances/{}", ids[0].as_str().unwrap());
    assert_eq!(service.delete(&one).await.status, 204);
    service.delete(&one).await.refused(404, "not_found");
    let two = json!({"service_name": "s", "instance_id": ids[1]});
    assert_eq!(service.post("/api/v1/services/unregister", two).await.status, 204);
    let left = service.get("/api/v1/services/s").await.ok();
    assert_eq!(left["instances"].as_array().unwrap().len(), 1);
    assert_eq!(service.delete("/api/v1/services/s").await.status, 204);
    let gone = service.post("/api/v1/services/unregister", json!({"service_name": "s"})).await;
    gone.refused(404, "not_found");
    assert!(register(1).await["secret"].is_string(), "it is a new service");
}

#[tokio::test]
async fn subscriptions_and_secrets_are_changed_by_those_who_register() {
    let hark = on_loopback(ROOMY).await;
    let service = hark.person_as("Ops", Role::Service).await;
    let body =
        json!({"service_name": "s", "service_url": "http://localhost:1", "subscriptions": ["user_action"]});
    let first = service.post(REGISTER, body).await.ok()["secret"].clone();
    let set =
        service.put("/api/v1/services/s/subscriptions", json!({"types": ["session.closed"]})).await.ok();
    assert_eq!(set["subscriptions"], json!(["session.closed"]));
    let wrong = service.put("/api/v1/services/s/subscriptions", json!({"types": ["x"]})).await;
    wrong.refused(400, "invalid");
    assert!(wrong.message().starts_with("types"), "{wrong:?}");
    let before = hark.app.clock.now();
    let rotated = service.do_post("/api/v1/services/s/secret").await.ok();
    assert!(SigningSecret::parse(rotated["secret"].as_str().unwrap()).is_ok() && rotated["secret"] != first);
    let until = rotated["old_valid_until"].as_i64().unwrap() - before.0;
    assert!((86_400_000..86_460_000).contains(&until), "a day: {until}");
    service.put("/api/v1/services/x/subscriptions", json!({"types": []})).await.refused(404, "not_found");
    service.do_post("/api/v1/services/x/secret").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_service_is_changed_by_its_owner_and_by_who_manages_users_alone() {
    let hark = on_loopback(ROOMY).await;
    let owner = hark.person_as("Ops", Role::Service).await;
    let other = hark.person_as("Other", Role::Service).await;
    let admin = hark.person_as("Root", Role::Admin).await;
    let body = json!({"service_name": "s", "service_url": "http://localhost:1", "types": ["user_action"]});
    let elsewhere = json!({"service_name": "s", "service_url": "http://localhost:2"});
    let paths = [
        (Method::POST, "/register", Some(elsewhere)),
        (Method::POST, "/heartbeat", Some(body.clone())),
        (Method::PUT, "/s/subscriptions", Some(body.clone())),
        (Method::POST, "/s/secret", None),
        (Method::POST, "/unregister", Some(body.clone())),
        (Method::DELETE, "/s", None),
    ];
    for mine in [&owner, &admin] {
        let made = owner.post(REGISTER, body.clone()).await.ok();
        for (method, path, body) in &paths {
            let path = format!("/api/v1/services{path}");
            let refused = other.call(method.clone(), &path, body.clone()).await;
            refused.refused(403, "forbidden");
            assert!(refused.message().contains("another account"), "{path}: {refused:?}");
        }
        let one = format!("/api/v1/services/s/instances/{}", made["instance_id"].as_str().unwrap());
        other.delete(&one).await.refused(403, "forbidden");
        let seen = other.get("/api/v1/services/s").await.ok();
        assert_eq!((&seen["owner_id"], &seen["subscriptions"]), (&json!(owner.id), &json!([])));
        for (method, path, body) in &paths {
            mine.call(method.clone(), &format!("/api/v1/services{path}"), body.clone()).await.ok();
        }
    }
}

#[tokio::test]
async fn each_path_asks_for_its_permission() {
    let hark = on_loopback(ROOMY).await;
    let ann = hark.person("Ann").await;
    let paths = [
        (Method::POST, "/register", "services.register"),
        (Method::POST, "/heartbeat", "services.register"),
        (Method::POST, "/unregister", "services.unregister"),
        (Method::GET, "", "services.view"),
        (Method::GET, "/s", "services.view"),
        (Method::DELETE, "/s", "services.unregister"),
        (Method::DELETE, "/s/instances/019b76da-a800-7000-8000-000000000001", "services.unregister"),
        (Method::GET, "/s/discover", "services.view"),
        (Method::PUT, "/s/subscriptions", "services.register"),
        (Method::POST, "/s/secret", "services.register"),
    ];
    let body = json!({"service_name": "s", "service_url": "http://localhost:1", "types": []});
    for (method, path, permission) in paths {
        let path = format!("/api/v1/services{path}");
        let body = (method != Method::GET).then(|| body.clone());
        let refused = ann.call(method.clone(), &path, body.clone()).await;
        refused.refused(403, "forbidden");
        assert!(refused.message().contains(permission), "{path}: {refused:?}");
        hark.call(None, method, &path, body).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn in_aws_nothing_inside_is_registered() {
    let hark = Hark::start().await;
    let service = hark.person_as("Ops", Role::Service).await;
    let body = json!({"service_name": "s", "service_url": "http://localhost:8010"});
    let refused = service.post(REGISTER, body).await;
    refused.refused(400, "invalid");
    assert!(refused.message().contains("SERVICE_NETWORKS"), "{refused:?}");
}
