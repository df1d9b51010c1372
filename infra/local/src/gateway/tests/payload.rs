//! Payload 2.0 as a function gets it, and every shape in which it may answer.

use super::{
    http::{Answered, request},
    stage::Stage,
};
use http::{Request, StatusCode, request::Builder};
use http_body_util::Full;
use serde_json::{Value, json};

async fn event_of(stage: &mut Stage, request_of: Builder, body: &[u8]) -> Value {
    let answered = request(request_of.body(Full::from(body.to_vec())).expect("a request")).await;
    assert_eq!(answered.status, StatusCode::OK);
    stage.event().await
}

/// What a client gets when a function answers with `answer`.
async fn answered(answer: &Value) -> Answered {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it")).header("x-answer", answer.to_string());
    let answered = request(asked.body(Full::default()).expect("a request")).await;
    assert_eq!(stage.event().await["rawPath"], "/raw/it", "the function was asked");
    answered
}

#[tokio::test]
async fn an_event_has_the_raw_path_and_the_raw_query() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/a/b/c?x=1&x=2&y=%C3%A9"));
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!((&event["version"], &event["rawPath"]), (&json!("2.0"), &json!("/raw/a/b/c")));
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%C3%A9");
}

#[tokio::test]
async fn values_of_one_parameter_are_joined_with_commas_and_decoded() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it?x=1&x=2&y=%C3%A9"));
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "é"}));
    assert!(event.get("multiValueQueryStringParameters").is_none());
}

#[tokio::test]
async fn values_of_one_header_are_joined_with_commas_under_its_lower_case_name() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it")).header("X-Twice", "a").header("x-twice", "b");
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!(event["headers"]["x-twice"], "a,b");
    assert!(event.get("multiValueHeaders").is_none());
}

#[tokio::test]
async fn cookies_are_a_list_of_their_own() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it")).header("cookie", "a=1; b=2");
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert!(event["headers"].get("cookie").is_none());
}

#[tokio::test]
async fn path_parameters_are_decoded_and_a_greedy_one_takes_the_rest() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/a%20b/c"));
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!(event["routeKey"], "ANY /raw/{thing}/{part}");
    assert_eq!(event["pathParameters"], json!({"thing": "a b", "part": "c"}));
    let asked = Request::get(stage.http("/raw/a/b/c"));
    let event = event_of(&mut stage, asked, b"").await;
    assert_eq!(
        (&event["routeKey"], &event["pathParameters"]),
        (&json!("ANY /raw/{proxy+}"), &json!({"proxy": "a/b/c"}))
    );
}

#[tokio::test]
async fn text_comes_as_it_is_and_anything_else_as_base64() {
    let mut stage = Stage::start();
    for (kind, body, expected, is_base64) in [
        ("application/json", &b"{}"[..], json!("{}"), false),
        ("text/plain; charset=utf-8", b"text", json!("text"), false),
        ("application/octet-stream", b"\x00\xff", json!("AP8="), true),
        ("application/x-www-form-urlencoded", b"a=1", json!("YT0x"), true),
    ] {
        let asked = Request::post(stage.http("/raw/it")).header("content-type", kind);
        let event = event_of(&mut stage, asked, body).await;
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&expected, &json!(is_base64)), "{kind}");
    }
}

#[tokio::test]
async fn the_stages_variables_come_with_a_request() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it"));
    assert_eq!(event_of(&mut stage, asked, b"").await["stageVariables"], json!({"colour": "green"}));
}

#[tokio::test]
async fn the_context_says_who_asks_how_and_when() {
    let mut stage = Stage::start();
    let asked = Request::put(stage.http("/raw/it")).header("user-agent", "tests");
    let context = event_of(&mut stage, asked, b"").await["requestContext"].clone();
    let http = &context["http"];
    assert_eq!(
        (&http["method"], &http["path"], &http["protocol"]),
        (&json!("PUT"), &json!("/raw/it"), &json!("HTTP/1.1"))
    );
    assert_eq!((&http["sourceIp"], &http["userAgent"]), (&json!("127.0.0.1"), &json!("tests")));
    assert_eq!((&context["stage"], &context["apiId"]), (&json!("$default"), &json!("HttpApi")));
    assert!(context["requestId"].is_string() && context["time"].is_string() && context["timeEpoch"].is_i64());
}

#[tokio::test]
async fn a_request_has_a_trace_and_its_senders_own_is_kept() {
    let mut stage = Stage::start();
    let asked = Request::get(stage.http("/raw/it"));
    let made = event_of(&mut stage, asked, b"").await["headers"]["x-amzn-trace-id"].clone();
    let made = made.as_str().expect("a trace");
    assert!(made.starts_with("Root=1-") && made.len() == "Root=1-".len() + 8 + 1 + 24, "{made}");
    let own = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1";
    let asked = Request::get(stage.http("/raw/it")).header("X-Amzn-Trace-Id", own);
    assert_eq!(event_of(&mut stage, asked, b"").await["headers"]["x-amzn-trace-id"], own);
}

#[tokio::test]
async fn json_without_a_status_code_is_the_body_of_a_200() {
    let got = answered(&json!({"message": "hello"})).await;
    assert_eq!((got.status, got.json()), (StatusCode::OK, json!({"message": "hello"})));
    assert_eq!(got.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_bare_string_is_the_body_without_its_quotes() {
    let got = answered(&json!("Hello from Lambda!")).await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"Hello from Lambda!"[..]));
}

#[tokio::test]
async fn an_answer_may_say_its_status_headers_and_body() {
    let got =
        answered(&json!({"statusCode": 201, "headers": {"X-Own": "yes", "x-number": 7}, "body": "made"}))
            .await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::CREATED, &b"made"[..]));
    assert!(got.headers["x-own"] == "yes" && got.headers["x-number"] == "7", "{:?}", got.headers);
}

#[tokio::test]
async fn every_cookie_of_an_answer_is_a_header_of_its_own() {
    let got = answered(&json!({"statusCode": 200, "cookies": ["a=1; Secure", "b=2"]})).await;
    let cookies: Vec<_> = got.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Secure", "b=2"]);
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let got = answered(&json!({"statusCode": 200, "isBase64Encoded": true, "body": "AP8="})).await;
    assert_eq!(got.body[..], [0, 255]);
}

#[tokio::test]
async fn a_malformed_answer_is_500() {
    for answer in [
        json!({"statusCode": "no number"}),
        json!({"statusCode": 99}),
        json!({"statusCode": 200, "body": {"not": "a string"}}),
        json!({"statusCode": 200, "headers": ["not", "a mapping"]}),
        json!({"statusCode": 200, "isBase64Encoded": true, "body": "%"}),
    ] {
        let got = answered(&answer).await;
        assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
        assert_eq!(got.json(), json!({"message": "Internal Server Error"}), "{answer}");
    }
}
