//! The table of permissions, row by row: by a key with that one alone, and by one that lacks it alone.

use reqwest::Method;
use serde_json::{Value, json};

use super::keys::Keys;
use super::written::{Written, written};
use crate::hark::{Answer, Hark, World, answer, eventually, on_both};
use crate::relaying::Target;

const UNREGISTER: &str = "/api/v1/services/unregister";

/// Sends a request of the document by both keys; what the one that may is answered.
async fn by_permission(
    hark: &Hark,
    keys: &Keys,
    request: Written,
    permission: &str,
    service: &str,
) -> Answer {
    let lacking = keys.without(hark, permission).await;
    refused_for(&request.send_for(hark, &lacking, service).await, permission);
    let holding = keys.with(hark, permission).await;
    request.send_for(hark, &holding, service).await
}

/// The same of a request that the document only names the permission of.
async fn ours_by_permission(
    hark: &Hark,
    keys: &Keys,
    (method, path, body): (Method, &str, Option<Value>),
    permission: &str,
) -> Answer {
    let ask = async |key: &str| hark.request(method.clone(), path, key, body.as_ref()).await;
    refused_for(&ask(&keys.without(hark, permission).await).await, permission);
    ask(&keys.with(hark, permission).await).await
}

#[track_caller]
fn refused_for(answer: &Answer, permission: &str) {
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["code"]), (403, &json!("forbidden")), "{answer:?}");
    assert_eq!(error["message"], format!("the permission {permission} is missing"));
}

async fn a_service_is_registered_listed_discovered_and_unregistered(world: &World) {
    let hark = world.start().await;
    let keys = Keys::of_a_service(&hark).await;
    let service = Target::start(&[]).await;
    let by = async |name: &str, permission: &str| {
        by_permission(&hark, &keys, written(name), permission, &service.url()).await
    };
    let viewer = keys.with(&hark, "services.view").await;
    let listed = async || written("services").send(&hark, &viewer).await.expect(200);

    let lacking = keys.without(&hark, "services.register").await;
    written("register").send_for(&hark, &lacking, &service.url()).await.refused(403, "forbidden");
    assert_eq!(listed().await["total"], 0, "who may not leaves nothing behind");
    let made = by("register", "services.register").await.expect(201);
    assert_eq!((&made["service_name"], &made["health"]), (&json!("user-service"), &json!("up")));
    assert_eq!(
        (&made["service_url"], &made["metadata"]),
        (&json!(service.url()), &json!({"version": "1.0.0"}))
    );
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");

    let list = by("services", "services.view").await.expect(200);
    assert_eq!((&list["total"], &list["services"][0]["service_name"]), (&json!(1), &json!("user-service")));
    assert_eq!(list["services"][0]["instances"][0]["instance_id"], made["instance_id"]);
    let found = by("discover", "services.view").await.expect(200);
    assert_eq!((&found["instance_id"], &found["service_url"]), (&made["instance_id"], &json!(service.url())));
    let health = reqwest::get(found["health_check_url"].as_str().unwrap()).await.expect("it is there");
    assert_eq!(health.status(), 200, "where it says that its health is");

    let farewell = (Method::POST, UNREGISTER, Some(json!({"service_name": "user-service"})));
    ours_by_permission(&hark, &keys, farewell, "services.unregister").await.expect(204);
    assert_eq!(listed().await["total"], 0);
    written("discover").send(&hark, &viewer).await.refused(404, "not_found");
    hark.stop().await;
}

async fn an_event_is_published_kept_and_sent_to_its_target(world: &World) {
    let hark = world.start().await;
    let keys = Keys::of_a_service(&hark).await;
    let registrar = keys.with(&hark, "services.register").await;
    let target = Target::start(&[]).await;
    let body = json!({"service_name": "knowledge-service", "service_url": target.url()});
    hark.request(Method::POST, "/api/v1/services/register", &registrar, Some(&body)).await.expect(201);

    let event = by_permission(&hark, &keys, written("publish"), "events.publish", "").await.expect(202);
    assert_eq!((&event["type"], &event["priority"]), (&json!("user_action"), &json!(2)));
    assert_eq!(
        event["deliveries"],
        json!([{"service": "knowledge-service", "state": "pending"}]),
        "it is due"
    );
    let history = (Method::GET, "/api/v1/events", None);
    let history = ours_by_permission(&hark, &keys, history, "events.view").await.expect(200);
    assert_eq!(
        history["events"].as_array().map(Vec::len),
        Some(1),
        "who may not published nothing: {history}"
    );
    for field in ["id", "type", "source_service", "target_service", "data", "priority"] {
        assert_eq!(history["events"][0][field], event[field], "{field}");
    }
    eventually(async || !target.posts().is_empty()).await;
    let got = target.posts()[0].event();
    assert_eq!((&got["id"], &got["source_service"]), (&event["id"], &json!("chat-service")));
    assert_eq!(got["data"], json!({"action": "create_conversation", "user_id": "user123"}));
    hark.stop().await;
}

async fn every_type_of_event_arrives_and_is_found_by_it(world: &World) {
    let hark = world.start().await;
    let ops = hark.user_as("ops", shared::model::Role::Service).await;
    let target = Target::start(&[]).await;
    target.register(&hark, &ops, "knowledge-service").await;
    let types =
        ["user_action", "service_request", "service_response", "system_event", "error_event", "notification"];
    for kind in types {
        let event = json!({
            "type": kind, "source_service": "chat-service", "target_service": "knowledge-service",
            "data": {"of": kind}, "priority": 2
        });
        hark.post(&ops, "/api/v1/events/publish", &event).await.expect(202);
        let kept = hark.get(&ops, &format!("/api/v1/events?type={kind}&source_service=chat-service")).await;
        assert_eq!(kept.expect(200)["events"][0]["data"], json!({"of": kind}));
    }
    let got = || target.posts().iter().map(|post| post.event()["type"].clone()).collect::<Vec<_>>();
    for kind in types {
        eventually(async || got().contains(&json!(kind))).await;
    }
    hark.stop().await;
}

async fn a_broadcast_reaches_who_is_there_and_sockets_are_counted(world: &World) {
    let hark = world.start().await;
    let keys = Keys::of_a_service(&hark).await;
    let ann = hark.user("ann").await;
    let mut socket = hark.connect(&ann).await;
    let begun =
        by_permission(&hark, &keys, written("broadcast"), "messaging.broadcast", "").await.expect(202);
    assert_eq!((&begun["message_type"], &begun["target_type"]), (&json!("notification"), &json!("all")));
    let frame = socket.next_of("notification").await;
    assert_eq!(frame["data"], json!({"title": "系统通知", "content": "服务维护将在30分钟后开始"}));
    assert_eq!(frame["broadcast_id"], begun["id"]);
    assert!(socket.heard("notification").await.is_empty(), "who may not sent none");

    let info = by_permission(&hark, &keys, written("sockets"), "messaging.view", "").await.expect(200);
    assert_eq!((&info["connections"], &info["online_users"]), (&json!(1), &json!(1)), "{info}");
    hark.stop().await;
}

/// The two that are ours, of requests which the document has no words for.
async fn a_key_reads_by_its_own_permission_alone(world: &World) {
    let hark = world.start().await;
    let keys = Keys::of_a_service(&hark).await;
    for (path, permission) in [
        ("/api/v1/events", "events.view"),
        ("/api/v1/events/dead", "events.view"),
        ("/api/v1/services", "services.view"),
        ("/api/v1/rooms?all=true", "messaging.view"),
    ] {
        let request = (Method::GET, path, None);
        ours_by_permission(&hark, &keys, request, permission).await.expect(200);
    }
    let unknown = "/api/v1/broadcast/019b791b-70bb-7000-8000-0000000000b1";
    let request = (Method::GET, unknown, None);
    ours_by_permission(&hark, &keys, request, "messaging.broadcast").await.refused(404, "not_found");
    let open = answer(hark.to(Method::GET, "/api/v1/events")).await;
    open.refused(401, "unauthenticated");
    hark.stop().await;
}

on_both! {
    a_service_is_registered_listed_discovered_and_unregistered,
    an_event_is_published_kept_and_sent_to_its_target,
    every_type_of_event_arrives_and_is_found_by_it,
    a_broadcast_reaches_who_is_there_and_sockets_are_counted,
    a_key_reads_by_its_own_permission_alone,
}
