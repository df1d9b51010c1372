//! Where frames go and what comes back.

use super::stage::Stage;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_frame_takes_the_route_that_it_names_or_else_the_default() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    for (frame, route) in [
        (r#"{"type":"echo"}"#, "echo"),
        (r#"{"type":"silent"}"#, "silent"),
        (r#"{"type":"other"}"#, "$default"),
        (r#"{"type":"$connect"}"#, "$default"),
        (r#"{"kind":"echo"}"#, "$default"),
        ("no JSON", "$default"),
    ] {
        client.say(frame).await;
        let event = stage.event().await;
        assert_eq!(event["requestContext"]["routeKey"], route, "{frame}");
        assert_eq!(event["body"], frame);
    }
}

#[tokio::test]
async fn only_a_route_with_a_response_replies() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say(r#"{"type":"silent"}"#).await;
    stage.event().await;
    client.say(r#"{"type":"x","do":"nothing"}"#).await;
    stage.event().await;
    client.say(r#"{"type":"echo"}"#).await;
    assert_eq!(client.hear().await, "echoed");
    client.say(r#"{"type":"x","do":"escapes"}"#).await;
    assert_eq!(client.hear().await, "line\n\"quoted\"");
}

#[tokio::test]
async fn a_message_event_has_what_the_typed_event_requires() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say("hello").await;
    let event = stage.event().await;
    assert!(event.get("headers").is_none() && event.get("queryStringParameters").is_none());
    let typed: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event).expect("it fits the type");
    let context = typed.request_context;
    assert_eq!(context.event_type.as_deref(), Some("MESSAGE"));
    assert_eq!(context.connection_id.as_deref(), Some(client.id.as_str()));
    assert!(context.message_id.is_some() && context.extended_request_id.is_some());
    assert!(context.connected_at > 0 && context.request_time_epoch >= context.connected_at);
    assert_eq!(context.authorizer.fields["user"], "7");
    assert_eq!(typed.body.as_deref(), Some("hello"));
}

#[tokio::test]
async fn a_failing_handler_says_so_and_keeps_the_socket() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    for how in ["fail", "panic"] {
        client.say(&json!({"type": "x", "do": how}).to_string()).await;
        let notice: Value = serde_json::from_str(&client.hear().await).expect("JSON");
        assert_eq!(notice["message"], "Internal server error");
        assert_eq!(notice["connectionId"], client.id.as_str());
        assert!(notice["requestId"].is_string());
    }
    client.say("still here").await;
    assert_eq!(client.hear().await, "still here");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say(r#"{"type":"echo","how":"slow"}"#).await;
    let notice: Value = serde_json::from_str(&client.hear().await).expect("JSON");
    assert_eq!(notice["message"], "Endpoint request timed out");
}

#[tokio::test]
async fn a_slow_message_does_not_hold_up_the_next() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say(r#"{"do":"wait"}"#).await;
    client.say("quick").await;
    assert_eq!(client.hear().await, "quick");
    stage.gate.add_permits(1);
    assert_eq!(client.hear().await, r#"{"do":"wait"}"#);
}

#[tokio::test]
async fn a_connection_is_not_read_while_a_hundred_messages_run() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    for number in 0..101 {
        client.say(&json!({"do": "wait", "number": number}).to_string()).await;
    }
    for _ in 0..100 {
        stage.event().await;
    }
    assert!(stage.is_quiet());
    stage.gate.add_permits(101);
    assert_eq!(stage.event().await["body"], json!({"do": "wait", "number": 100}).to_string());
    let mut heard = BTreeSet::new();
    for _ in 0..101 {
        heard.insert(client.hear().await);
    }
    assert_eq!(heard.len(), 101);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.send(Message::Ping("are you there".into())).await;
    assert_eq!(client.next().await, Some(Message::Pong("are you there".into())));
}
