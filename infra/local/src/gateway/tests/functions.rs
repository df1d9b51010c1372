//! Functions that do what the event tells them, and note each event.

use crate::{gateway::sockets::Sockets, invoke::Functions};
use axum::{Router, body::Bytes, http::Request, response::IntoResponse, routing};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc};

/// What the functions share with the test.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) sockets: Sockets,
    /// Every event that a socket function got, in order.
    pub(super) events: mpsc::UnboundedSender<Value>,
    /// Handlers told to wait take one permit each.
    pub(super) gate: Arc<Semaphore>,
}

pub(super) fn functions(desk: &Desk) -> Functions {
    let connect = desk.clone();
    let disconnect = desk.clone();
    let message = desk.clone();
    let echo = desk.clone();
    let raw = desk.clone();
    Functions::new(1_000)
        .event("authorize", |event: LambdaEvent<Value>| authorize(event.payload))
        .event("connect", move |event: LambdaEvent<Value>| on_connect(connect.clone(), event.payload))
        .event("disconnect", move |event: LambdaEvent<Value>| {
            on_disconnect(disconnect.clone(), event.payload)
        })
        .event("message", move |event: LambdaEvent<Value>| on_message(message.clone(), event.payload))
        .event("echo", move |event: LambdaEvent<Value>| on_echo(echo.clone(), event.payload))
        .event("raw", move |event: LambdaEvent<Value>| on_raw(raw.clone(), event.payload))
        .http("site", site())
}

async fn authorize(event: Value) -> Result<Value, Error> {
    let policy = |effect: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
        ]})
    };
    let arn = event["methodArn"].as_str().unwrap_or_default();
    match event["queryStringParameters"]["token"].as_str() {
        Some("good") => Ok(json!({
            "principalId": "7",
            "policyDocument": policy("Allow", arn),
            "context": {
                "user": 7, "staff": true, "name": "Ann", "nothing": null,
                "arn": arn, "kind": event["type"], "trace": event["headers"]["x-amzn-trace-id"],
            },
        })),
        Some("other") => Ok(json!({"principalId": "7", "policyDocument": policy("Allow", "arn:aws:other")})),
        Some("denied") => Ok(json!({
            "principalId": "7",
            "policyDocument": policy("Deny", "*"),
            "context": {"reason": "the token is expired"},
        })),
        Some("nested") => Ok(json!({
            "principalId": "7",
            "policyDocument": policy("Allow", "*"),
            "context": {"list": [1]},
        })),
        Some("no-policy") => Ok(json!({"principalId": "7"})),
        Some("no-principal") => Ok(json!({"policyDocument": policy("Allow", "*")})),
        Some("odd-policy") => Ok(json!({"principalId": "7", "policyDocument": {"Statement": "Allow"}})),
        Some("no-json-object") => Ok(json!("Allow")),
        Some("sized") => {
            let size = event["queryStringParameters"]["size"].as_str().unwrap_or_default().parse()?;
            let answer = |pad: usize| {
                json!({
                    "principalId": "7",
                    "policyDocument": policy("Allow", "*"),
                    "context": {"pad": "x".repeat(pad)},
                })
            };
            let bare = answer(0).to_string().len();
            Ok(answer(usize::saturating_sub(size, bare)))
        }
        Some("panic") => panic!("the authorizer panicked"),
        Some(_) => Err("something broke".into()),
        None => Err("Unauthorized".into()),
    }
}

async fn on_connect(desk: Desk, event: Value) -> Result<Value, Error> {
    let query = event["queryStringParameters"].clone();
    let id = event["requestContext"]["connectionId"].as_str().unwrap_or_default();
    let early = desk.sockets.post(id, Bytes::from_static(b"early")).await;
    let mut event = event.clone();
    event["earlyPost"] = json!(format!("{early:?}"));
    desk.events.send(event)?;
    if query["connect"] == "fail" {
        return Err("no".into());
    }
    if let Some(status) = query["refuse"].as_str() {
        return Ok(json!({"statusCode": status.parse::<u16>()?, "body": "{\"error\":\"refused\"}"}));
    }
    match query["protocol"].as_str() {
        Some(protocol) => Ok(json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": protocol}})),
        None => Ok(json!({"statusCode": 200})),
    }
}

async fn on_disconnect(desk: Desk, event: Value) -> Result<Value, Error> {
    desk.events.send(event)?;
    Ok(json!({"statusCode": 200}))
}

/// Does what the frame's `do` says; the reply is the frame itself.
async fn on_message(desk: Desk, event: Value) -> Result<Value, Error> {
    let body = event["body"].as_str().unwrap_or_default().to_owned();
    desk.events.send(event)?;
    let frame: Value = serde_json::from_str(&body).unwrap_or_default();
    match frame["do"].as_str() {
        Some("fail") => Err("no".into()),
        Some("panic") => panic!("the handler panicked"),
        Some("nothing") => Ok(json!({"statusCode": 200})),
        Some("escapes") => Ok(json!({"statusCode": 200, "body": "line\n\"quoted\""})),
        Some("wait") => {
            desk.gate.acquire().await?.forget();
            Ok(json!({"statusCode": 200, "body": body}))
        }
        _ => Ok(json!({"statusCode": 200, "body": body})),
    }
}

async fn on_echo(desk: Desk, event: Value) -> Result<Value, Error> {
    let body = event["body"].as_str().unwrap_or_default().to_owned();
    desk.events.send(event)?;
    if body.contains("slow") {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    Ok(json!({"statusCode": 200, "body": "echoed"}))
}

/// Answers an HTTP request with what its header says, as it stands.
async fn on_raw(desk: Desk, event: Value) -> Result<Value, Error> {
    let answer = event["headers"]["x-answer"].as_str().unwrap_or("null").to_owned();
    desk.events.send(event)?;
    Ok(serde_json::from_str(&answer)?)
}

/// An HTTP function: answers with the request as it saw it.
fn site() -> Router {
    Router::new()
        .route("/health", routing::get(|| async { "well" }))
        .route("/things/cookies", routing::get(|| async { [("set-cookie", "a=1"), ("x-own", "yes")] }))
        .route("/things/bytes", routing::get(|| async { vec![0_u8, 159, 146, 150] }))
        .route("/things/slow", routing::get(|| tokio::time::sleep(Duration::from_secs(5))))
        .route("/things/panic", routing::get(panics))
        .fallback(seen)
}

async fn panics() {
    panic!("the HTTP handler panicked")
}

async fn seen(request: Request<axum::body::Body>) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let header = |name: &str| {
        parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let answer = json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.path_and_query().map(ToString::to_string),
        "cookie": header("cookie"),
        "twice": header("x-twice"),
        "length": body.len(),
        "body": String::from_utf8_lossy(&body),
    });
    (axum::http::StatusCode::CREATED, axum::Json(answer))
}
