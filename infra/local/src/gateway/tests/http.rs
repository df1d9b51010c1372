//! Requests through payload 2.0 and back.

use super::stage::{PATIENCE, Stage};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answered {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

pub(super) async fn request(request: Request<Full<Bytes>>) -> Answered {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let sent = async {
        let (parts, body) = client.request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answered { status: parts.status, headers: parts.headers, body }
    };
    tokio::time::timeout(PATIENCE, sent).await.expect("an answer in time")
}

async fn get(stage: &Stage, path: &str) -> Answered {
    request(Request::get(stage.http(path)).body(Full::default()).expect("a request")).await
}

#[tokio::test]
async fn a_router_sees_the_request_and_its_answer_comes_back() {
    let stage = Stage::start();
    let sent = Request::post(stage.http("/things/a%20b/c?x=1&x=2&y=%C3%A9"))
        .header("cookie", "one=1; two=2")
        .header("x-twice", "first")
        .header("x-twice", "second")
        .header("content-type", "application/json")
        .body(Full::from(r#"{"text":"é"}"#))
        .expect("a request");
    let answered = request(sent).await;
    assert_eq!(answered.status, StatusCode::CREATED);
    assert_eq!(answered.headers["content-type"], "application/json");
    let seen = answered.json();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "/things/a%20b/c?x=1&x=2&y=%C3%A9");
    assert_eq!(seen["cookie"], "one=1; two=2");
    assert_eq!(seen["twice"], "first,second");
    assert_eq!(seen["body"], r#"{"text":"é"}"#);
}

#[tokio::test]
async fn bytes_pass_both_ways_unchanged() {
    let stage = Stage::start();
    let sent = Request::put(stage.http("/things/blob"))
        .header("content-type", "application/octet-stream")
        .body(Full::from(vec![0_u8, 255, 254]))
        .expect("a request");
    assert_eq!(request(sent).await.json()["length"], 3);
    assert_eq!(get(&stage, "/things/bytes").await.body.as_ref(), [0_u8, 159, 146, 150]);
}

#[tokio::test]
async fn cookies_and_headers_of_the_function_are_set() {
    let answered = get(&Stage::start(), "/things/cookies").await;
    assert_eq!(answered.headers["set-cookie"], "a=1");
    assert_eq!(answered.headers["x-own"], "yes");
}

#[tokio::test]
async fn no_route_is_404() {
    let answered = get(&Stage::start(), "/nothing/here").await;
    assert_eq!(answered.status, StatusCode::NOT_FOUND);
    assert_eq!(answered.json()["message"], "Not Found");
}

#[tokio::test]
async fn a_function_that_panics_is_500_and_the_runner_lives() {
    let stage = Stage::start();
    let answered = get(&stage, "/things/panic").await;
    assert_eq!(answered.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answered.json()["message"], "Internal Server Error");
    assert_eq!(get(&stage, "/health").await.body, "well");
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_503() {
    let answered = get(&Stage::start(), "/things/slow").await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answered.json()["message"], "Service Unavailable");
}

#[tokio::test]
async fn a_body_over_10_mib_is_413() {
    let stage = Stage::start();
    let sent = Request::post(stage.http("/things/big"))
        .body(Full::from(vec![b'x'; 10 * 1024 * 1024 + 1]))
        .expect("a request");
    assert_eq!(request(sent).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_fits_the_api_but_not_lambda_is_413() {
    let stage = Stage::start();
    let sent = Request::post(stage.http("/things/big")).header("content-type", "text/plain");
    let most = crate::invoke::EVENT_MAX_BYTES;
    let answered = request(sent.body(Full::from(vec![b'x'; most])).expect("a request")).await;
    assert_eq!(answered.status, StatusCode::PAYLOAD_TOO_LARGE, "with what the event adds it is larger");
}

#[tokio::test]
async fn the_gateways_own_cors_headers_replace_a_functions() {
    let stage = Stage::start();
    let answer = r#"{"statusCode":200,"headers":{"access-control-allow-origin":"https://evil.example"}}"#;
    let asked = Request::get(stage.http("/raw/it")).header("origin", "https://a.example");
    let asked = asked.header("x-answer", answer).body(Full::default()).expect("a request");
    let answered = request(asked).await;
    let origins: Vec<_> = answered.headers.get_all("access-control-allow-origin").iter().collect();
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(origins, ["https://a.example"]);
}

#[tokio::test]
async fn the_gateway_answers_preflights_itself() {
    let stage = Stage::start();
    let preflight = |origin: &str| {
        Request::options(stage.http("/health"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Full::default())
            .expect("a request")
    };
    let known = request(preflight("https://b.example")).await;
    assert_eq!(known.status, StatusCode::NO_CONTENT);
    assert_eq!(known.headers["access-control-allow-origin"], "https://b.example");
    assert_eq!(known.headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(known.headers["access-control-max-age"], "600");
    let hostile = request(preflight("https://evil.example")).await;
    assert!(!hostile.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn an_answer_to_a_known_origin_names_it() {
    let stage = Stage::start();
    let from = |origin: &str| {
        let request = Request::get(stage.http("/health")).header("origin", origin);
        request.body(Full::default()).expect("a request")
    };
    let known = request(from("https://a.example")).await;
    assert_eq!(known.headers["access-control-allow-origin"], "https://a.example");
    let hostile = request(from("https://evil.example")).await;
    assert!(!hostile.headers.contains_key("access-control-allow-origin"));
}
