//! `/_faults` of a whole runner: on the main port of an embedded one, signed on a port of its own otherwise.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Method;
use serde_json::{Value, json};

use super::go_wrong;
use crate::hark::{Hark, MANAGEMENT_SECRET, World, on_both, on_embedded, on_services};

/// Asks where this runner has its switches, signed when it has to be.
async fn ask(hark: &Hark, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let secret = (!hark.running.is_embedded()).then_some(MANAGEMENT_SECRET);
    ask_as(hark, method, path, body, secret).await
}

async fn ask_as(hark: &Hark, method: Method, path: &str, body: &Value, secret: Option<&str>) -> (u16, Value) {
    let url = format!("http://{}{path}", hark.running.management_address());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = http::Request::builder().method(method).uri(url).body(body).unwrap();
    if let Some(secret) = secret {
        sign_by(secret, &mut request);
    }
    let request = reqwest::Request::try_from(request).unwrap();
    let response = reqwest::Client::new().execute(request).await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

fn sign_by(secret: &str, request: &mut http::Request<String>) {
    let identity = Credentials::new("local", secret, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let (method, url) = (request.method().clone(), request.uri().to_string());
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable = SignableRequest::new(method.as_str(), url, [].into_iter(), body).unwrap();
    let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
    instructions.apply_to_request_http1x(request);
}

async fn faults_are_switched_on_and_off_and_the_clock_is_moved_from_outside(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut socket = hark.connect(&ann).await;
    let wanted = json!({"seed": 1, "faults": ["function=message:fail", "connect=429"]});
    assert_eq!(ask(&hark, Method::PUT, "/_faults", &wanted).await, (200, wanted.clone()));
    assert_eq!(ask(&hark, Method::GET, "/_faults", &Value::Null).await, (200, wanted));
    socket.send(&json!({"type": "heartbeat"})).await;
    assert_eq!(socket.frame().await["message"], "Internal server error");
    assert_eq!(hark.open(&format!("/?token={}", ann.token), &[]).await.err().unwrap().status, 429);

    let none = json!({"seed": 1, "faults": []});
    assert_eq!(ask(&hark, Method::DELETE, "/_faults", &Value::Null).await, (200, none));
    assert_eq!(socket.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    let moved = ask(&hark, Method::POST, "/_faults/clock", &json!({"advance_seconds": 600})).await;
    assert_eq!(moved, (200, json!({"ahead_seconds": 600})));
    assert_eq!(socket.close_code().await, 1001);
    hark.stop().await;
}

async fn what_is_wrong_is_named_and_changes_nothing(world: &World) {
    let hark = world.start().await;
    go_wrong(&hark, &["post=429:0.5"]);
    let before = hark.running.sockets().faults().list();
    for (path, method, body, named) in [
        ("/_faults", Method::PUT, json!({"faults": ["post=429", "post=lost"]}), "faults[1]"),
        ("/_faults", Method::PUT, json!({"faults": ["function=massage:fail"]}), "massage"),
        ("/_faults", Method::PUT, json!({"faults": [], "sede": 1}), "sede"),
        ("/_faults/clock", Method::POST, json!({"advance_seconds": 0}), "advance_seconds"),
    ] {
        let (status, said) = ask(&hark, method, path, &body).await;
        let said = said["message"].as_str().unwrap_or_default();
        assert!(status == 400 && said.contains(named), "{status} {said}");
    }
    let after = hark.running.sockets().faults().list();
    assert_eq!(after, before);
    hark.stop().await;
}

on_both! {
    faults_are_switched_on_and_off_and_the_clock_is_moved_from_outside,
    what_is_wrong_is_named_and_changes_nothing,
}

const ASKED: [(Method, &str); 4] = [
    (Method::GET, "/_faults"),
    (Method::PUT, "/_faults"),
    (Method::DELETE, "/_faults"),
    (Method::POST, "/_faults/clock"),
];

fn body() -> Value {
    json!({"faults": ["connect=429"]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_real_services_they_ask_for_a_signature_and_the_public_port_has_none() {
    on_services(async |world: &World| {
        let hark = world.start().await;
        for (method, path) in ASKED {
            for secret in [None, Some("a guess")] {
                let (status, _) = ask_as(&hark, method.clone(), path, &body(), secret).await;
                assert_eq!(status, 403, "{method} {path} by {secret:?}");
            }
            let public = hark.to(method.clone(), path).json(&body()).send().await.unwrap();
            assert_eq!(public.status(), 404, "{method} {path}");
        }
        assert_eq!(hark.running.sockets().faults().list().1, []);
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_they_take_nothing_from_a_page_or_through_a_proxy() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        for (method, path) in ASKED {
            for (name, value) in [("origin", "https://evil.example"), ("x-forwarded-for", "192.0.2.1")] {
                let request = hark.to(method.clone(), path).header(name, value).json(&body());
                let refused = request.send().await.unwrap();
                assert_eq!(refused.status(), 403, "{method} {path} with {name}");
            }
        }
        assert_eq!(hark.running.sockets().faults().list().1, []);
        hark.stop().await;
    })
    .await;
}
