//! `@connections`, open to this machine and signed on a port of its own.

use super::{
    client::Client,
    http::{Answered, request},
    stage::Stage,
};
use crate::{
    embedded::LocalConnections,
    gateway::{Credentials, ManagementAccess},
};
use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use shared::{
    clock::UnixMs,
    ids::ConnectionId,
    model::Address,
    ports::{Connections, PostError},
};
use std::time::{Duration, SystemTime};

fn build(method: Method, url: String, body: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(url);
    request.body(Full::from(body.to_owned())).expect("a request")
}

async fn ask(stage: &Stage, method: Method, path: &str, body: &str) -> Answered {
    request(build(method, stage.http(path), body)).await
}

fn kind(answered: &Answered) -> &str {
    answered.headers["x-amzn-errortype"].to_str().expect("text")
}

#[tokio::test]
async fn a_post_reaches_the_socket_however_its_id_is_encoded() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let encoded = client.id.replace('=', "%3D");
    for path in ["/live/@connections", "/@connections", "/live/%40connections"] {
        let answered = ask(&stage, Method::POST, &format!("{path}/{encoded}"), "hello").await;
        assert_eq!(answered.status, StatusCode::OK);
        assert_eq!(client.hear().await, "hello");
    }
    assert_eq!(stage.runner.sockets().counters().posts, 3);
}

#[tokio::test]
async fn a_connection_can_be_looked_at() {
    let mut stage = Stage::start();
    let client = stage.socket().await;
    let answered = ask(&stage, Method::GET, &format!("/live/@connections/{}", client.id), "").await;
    let seen = answered.json();
    assert_eq!(seen["identity"]["sourceIp"], "127.0.0.1");
    for time in ["connectedAt", "lastActiveAt"] {
        let text = seen[time].as_str().expect("a time");
        assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
    }
}

#[tokio::test]
async fn a_connection_can_be_closed_once() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let path = format!("/live/@connections/{}", client.id);
    assert_eq!(ask(&stage, Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.close_code().await, 1000);
    assert_eq!(stage.event().await["requestContext"]["disconnectStatusCode"], 1000);
    assert_eq!(kind(&ask(&stage, Method::DELETE, &path, "").await), "GoneException");
}

#[tokio::test]
async fn what_cannot_be_done_has_the_type_that_the_sdks_know() {
    let mut stage = Stage::start();
    let client = stage.socket().await;
    let own = format!("/live/@connections/{}", client.id);
    let large = "x".repeat(128 * 1024 + 1);
    for (method, path, body, status, expected) in [
        (Method::POST, "/live/@connections/none%3D", "x", 410, "GoneException"),
        (Method::GET, "/live/@connections/none%3D", "", 410, "GoneException"),
        (Method::DELETE, "/live/@connections/none%3D", "", 410, "GoneException"),
        (Method::POST, own.as_str(), large.as_str(), 413, "PayloadTooLargeException"),
        (Method::PUT, own.as_str(), "x", 403, "ForbiddenException"),
    ] {
        let answered = ask(&stage, method.clone(), path, body).await;
        assert_eq!((answered.status.as_u16(), kind(&answered)), (status, expected), "{method} {path}");
    }
}

#[tokio::test]
async fn a_post_of_128_kib_arrives_and_one_byte_more_is_413() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let path = format!("/live/@connections/{}", client.id);
    let largest = "x".repeat(128 * 1024);
    assert_eq!(ask(&stage, Method::POST, &path, &largest).await.status, StatusCode::OK);
    assert_eq!(client.hear().await.len(), largest.len());
    let refused = ask(&stage, Method::POST, &path, &format!("{largest}x")).await;
    assert_eq!((refused.status, kind(&refused)), (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"));
    client.say("still here").await;
    assert_eq!(client.hear().await, "still here");
}

#[tokio::test]
async fn a_connection_that_was_never_there_is_410_to_every_verb() {
    let stage = Stage::start();
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let answered = ask(&stage, method.clone(), "/live/@connections/none%3D", "").await;
        assert_eq!((answered.status, kind(&answered)), (StatusCode::GONE, "GoneException"), "{method}");
    }
}

#[tokio::test]
async fn a_connection_whose_connect_has_not_returned_is_410() {
    let mut stage = Stage::start();
    stage.runner.sockets().faults().hold_connects(true);
    let url = stage.url("/?token=good");
    let opening = tokio::spawn(async move { Client::open(&url).await });
    let event = stage.event().await;
    let path =
        format!("/live/@connections/{}", event["requestContext"]["connectionId"].as_str().expect("an id"));
    assert_eq!(ask(&stage, Method::POST, &path, "early").await.status, StatusCode::GONE);
    stage.runner.sockets().faults().hold_connects(false);
    let mut client = opening.await.expect("no panic").expect("it is let in");
    client.say("now").await;
    stage.event().await;
    assert_eq!(client.hear().await, "now");
    assert_eq!(ask(&stage, Method::POST, &path, "late").await.status, StatusCode::OK);
    assert_eq!(client.hear().await, "late");
}

#[tokio::test]
async fn what_a_client_says_and_hears_is_the_last_it_did() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let path = format!("/live/@connections/{}", client.id);
    let seen = async |stage: &Stage| ask(stage, Method::GET, &path, "").await.json();
    let first = seen(&stage).await;
    // Times are of a millisecond.
    tokio::time::sleep(Duration::from_millis(5)).await;
    client.say(r#"{"type":"silent"}"#).await;
    stage.event().await;
    let second = seen(&stage).await;
    assert_eq!(first["connectedAt"], second["connectedAt"]);
    assert!(first["lastActiveAt"].as_str() < second["lastActiveAt"].as_str(), "{first} {second}");
}

#[tokio::test]
async fn a_path_that_names_no_connection_is_no_management() {
    let stage = Stage::start();
    for path in ["/live/@connections/", "/live/@connections", "/a/live/@connections/none%3D"] {
        assert_eq!(ask(&stage, Method::POST, path, "x").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

const KEY: &str = "key";
const SECRET: &str = "secret";

fn signed_stage() -> Stage {
    let credentials = Credentials { access_key: KEY.to_owned(), secret_key: SECRET.to_owned() };
    Stage::with(ManagementAccess::Signed(credentials), |_| {})
}

fn signed(url: &str, key: &str, secret: &str, time: SystemTime) -> Request<Full<Bytes>> {
    let mut request = build(Method::POST, url.to_owned(), "hello");
    let identity = AwsCredentials::new(key, secret, Some("token".to_owned()), None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("execute-api")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .expect("parameters");
    let signable = SignableRequest::new("POST", url, [].into_iter(), SignableBody::Bytes(b"hello"));
    let signature = sign(signable.expect("a request"), &params.into()).expect("a signature");
    signature.into_parts().0.apply_to_request_http1x(&mut request);
    request
}

#[tokio::test]
async fn the_port_of_its_own_takes_what_is_signed_with_the_key_alone() {
    let mut stage = signed_stage();
    let mut client = stage.socket().await;
    let id = client.id.replace('=', "%3D");
    let url = format!("http://{}/live/%40connections/{id}", stage.runner.management_address());
    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    for (key, secret, time, status) in [
        (KEY, SECRET, now, 200),
        (KEY, "wrong", now, 403),
        ("other", SECRET, now, 403),
        (KEY, SECRET, now - hour, 403),
        (KEY, SECRET, now + hour, 403),
    ] {
        let answered = request(signed(&url, key, secret, time)).await;
        assert_eq!(answered.status.as_u16(), status, "{key} {secret}");
    }
    assert_eq!(client.hear().await, "hello");
    let unsigned = request(build(Method::POST, url, "hello")).await;
    assert_eq!(kind(&unsigned), "ForbiddenException");
}

#[tokio::test]
async fn a_signature_is_of_one_body() {
    let mut stage = signed_stage();
    let client = stage.socket().await;
    let id = client.id.replace('=', "%3D");
    let url = format!("http://{}/live/%40connections/{id}", stage.runner.management_address());
    let mut changed = signed(&url, KEY, SECRET, SystemTime::now());
    *changed.body_mut() = Full::from("other");
    assert_eq!(request(changed).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_main_port_manages_nothing_when_there_is_a_port_for_it() {
    let mut stage = signed_stage();
    let client = stage.socket().await;
    let answered = ask(&stage, Method::POST, &format!("/live/@connections/{}", client.id), "hello").await;
    assert_eq!(answered.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_embedded_port_posts_inspects_and_closes() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let connections = LocalConnections::new(stage.runner.sockets().clone());
    let address = |id: &str| Address {
        connection: ConnectionId(id.to_owned()),
        endpoint: String::new(),
        connected_at: UnixMs(0),
    };
    let own = address(&client.id);
    connections.post(&own, Bytes::from_static(b"hello")).await.expect("it is open");
    assert_eq!(client.hear().await, "hello");
    assert_eq!(connections.inspect(&own).await.expect("it is open").source_ip, "127.0.0.1");
    connections.close(&own).await.expect("it is open");
    assert_eq!(client.close_code().await, 1000);
    let gone = connections.post(&address("none="), Bytes::from_static(b"hello")).await;
    assert_eq!(gone, Err(PostError::Gone));
}
