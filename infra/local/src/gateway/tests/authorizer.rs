//! What an authorizer is asked, and what becomes of its answers.

use super::{client::Client, stage::Stage};
use serde_json::{Value, json};

async fn status(stage: &Stage, path: &str) -> u16 {
    match Client::open(&stage.url(path)).await {
        Ok(_) => 101,
        Err(refused) => refused.status,
    }
}

async fn context(stage: &mut Stage) -> Value {
    let _client = Client::open(&stage.url("/?token=good")).await.expect("it is let in");
    stage.event().await["requestContext"]["authorizer"].clone()
}

#[tokio::test]
async fn an_authorizer_is_asked_about_connect_of_its_stage() {
    let context = context(&mut Stage::start()).await;
    assert_eq!(context["kind"], "REQUEST");
    let arn = context["arn"].as_str().expect("an ARN");
    assert_eq!(arn, "arn:aws:execute-api:us-east-1:000000000000:SocketApi/live/$connect");
}

#[tokio::test]
async fn every_value_of_a_context_becomes_a_string_and_null_is_left_out() {
    let context = context(&mut Stage::start()).await;
    let (user, staff, name) = (&context["user"], &context["staff"], &context["name"]);
    assert_eq!((user, staff, name), (&json!("7"), &json!("true"), &json!("Ann")));
    assert!(context.get("nothing").is_none());
    assert_eq!(context["principalId"], "7");
    assert!(context["integrationLatency"].is_u64());
}

#[tokio::test]
async fn a_context_with_a_list_in_it_is_500() {
    assert_eq!(status(&Stage::start(), "/?token=nested").await, 500);
}

#[tokio::test]
async fn an_authorizer_that_crashes_is_500() {
    assert_eq!(status(&Stage::start(), "/?token=panic").await, 500);
}

#[tokio::test]
async fn an_answer_that_is_no_policy_is_500() {
    let stage = Stage::start();
    for token in ["no-policy", "no-principal", "odd-policy", "no-json-object"] {
        assert_eq!(status(&stage, &format!("/?token={token}")).await, 500, "{token}");
    }
}

#[tokio::test]
async fn an_answer_of_8_kib_is_taken_and_one_byte_more_is_500() {
    let stage = Stage::start();
    assert_eq!(status(&stage, "/?token=sized&size=8192").await, 101);
    assert_eq!(status(&stage, "/?token=sized&size=8193").await, 500);
}

#[tokio::test]
async fn whoever_fails_with_unauthorized_refuses_with_401() {
    let refused = Client::open(&Stage::start().url("/")).await.err().expect("it is refused");
    assert_eq!((refused.status, &refused.body["message"]), (401, &json!("Unauthorized")));
}
