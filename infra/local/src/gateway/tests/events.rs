//! What the events of one connection say of it, from `CONNECT` to `DISCONNECT`.

use super::{
    client::Client,
    stage::{Stage, template},
};
use crate::gateway::ManagementAccess;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// The events of a connection that says `frames` and leaves.
async fn life(stage: &mut Stage, frames: &[&str]) -> Vec<Value> {
    let mut client = Client::open(&stage.url("/?token=good")).await.expect("it is let in");
    let mut events = vec![stage.event().await];
    for frame in frames {
        client.say(frame).await;
        events.push(stage.event().await);
    }
    client.close().await;
    events.push(stage.event().await);
    events
}

fn of<'e>(events: &'e [Value], field: &str) -> Vec<&'e Value> {
    events.iter().map(|event| &event["requestContext"][field]).collect()
}

#[tokio::test]
async fn every_event_says_what_kind_it_is_and_by_which_route() {
    let events = life(&mut Stage::start(), &["hello", r#"{"type":"silent"}"#]).await;
    assert_eq!(of(&events, "eventType"), ["CONNECT", "MESSAGE", "MESSAGE", "DISCONNECT"]);
    assert_eq!(of(&events, "routeKey"), ["$connect", "$default", "silent", "$disconnect"]);
    assert_eq!(of(&events, "messageDirection"), ["IN"; 4]);
    assert_eq!(of(&events, "stage"), ["live"; 4]);
}

#[tokio::test]
async fn the_authorizers_context_comes_with_every_event() {
    let events = life(&mut Stage::start(), &["hello"]).await;
    let contexts = of(&events, "authorizer");
    assert_eq!((&contexts[0]["user"], contexts.len()), (&json!("7"), 3));
    assert!(contexts.iter().all(|context| *context == contexts[0]), "{contexts:?}");
}

#[tokio::test]
async fn connected_at_stays_and_the_time_of_the_request_goes_on() {
    let events = life(&mut Stage::start(), &["hello"]).await;
    let connected = of(&events, "connectedAt");
    assert!(connected[0].is_i64() && connected.iter().all(|at| *at == connected[0]), "{connected:?}");
    let times: Vec<i64> =
        of(&events, "requestTimeEpoch").into_iter().map(|time| time.as_i64().expect("a time")).collect();
    assert!(times.is_sorted() && times[0] >= connected[0].as_i64().expect("a time"), "{times:?}");
}

#[tokio::test]
async fn every_event_has_a_request_id_of_its_own_and_the_connections_id() {
    let events = life(&mut Stage::start(), &["one", "two"]).await;
    let requests: BTreeSet<_> = of(&events, "requestId").into_iter().map(Value::to_string).collect();
    assert_eq!(requests.len(), 4);
    let connections = of(&events, "connectionId");
    assert!(
        connections.iter().all(|id| *id == connections[0] && id.as_str().is_some_and(|id| id.ends_with('=')))
    );
}

#[tokio::test]
async fn a_message_alone_has_a_message_id() {
    let events = life(&mut Stage::start(), &["one", "two"]).await;
    let ids = of(&events, "messageId");
    assert!(ids[0].is_null() && ids[3].is_null(), "{ids:?}");
    assert!(ids[1].is_string() && ids[2].is_string() && ids[1] != ids[2], "{ids:?}");
}

#[tokio::test]
async fn a_message_has_its_body_and_neither_headers_nor_query() {
    let events = life(&mut Stage::start(), &["hello"]).await;
    let message = &events[1];
    assert_eq!((&message["body"], &message["isBase64Encoded"]), (&json!("hello"), &json!(false)));
    for field in ["headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"]
    {
        assert!(message.get(field).is_none(), "{field}");
    }
}

#[tokio::test]
async fn a_disconnect_tells_the_clients_code_and_reason() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let frame = CloseFrame { code: CloseCode::Library(4321), reason: "enough".into() };
    client.send(Message::Close(Some(frame))).await;
    let event = stage.event().await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 4321);
    assert_eq!(event["requestContext"]["disconnectReason"], "enough");
    assert!(event["headers"]["host"].is_string() && event.get("body").is_none());
}

#[tokio::test]
async fn many_values_of_one_header_and_parameter_come_as_the_last_and_as_all() {
    let mut stage = Stage::start();
    let url = stage.url("/?token=good&a=1&a=2&b=%C3%A9");
    let _client = Client::open_with(&url, &[("x-one", "1")]).await.expect("it is let in");
    let event = stage.event().await;
    assert_eq!(
        (&event["queryStringParameters"]["a"], &event["queryStringParameters"]["b"]),
        (&json!("2"), &json!("é"))
    );
    assert_eq!(event["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
    assert_eq!(
        (&event["headers"]["x-one"], &event["multiValueHeaders"]["x-one"]),
        (&json!("1"), &json!(["1"]))
    );
}

#[tokio::test]
async fn the_stages_variables_come_with_every_event() {
    for event in life(&mut Stage::start(), &["hello"]).await {
        assert_eq!(event["stageVariables"], json!({"colour": "blue"}));
    }
}

#[tokio::test]
async fn a_handshake_has_a_trace_that_the_authorizer_and_connect_share() {
    let mut stage = Stage::start();
    let _client = Client::open(&stage.url("/?token=good")).await.expect("it is let in");
    let event = stage.event().await;
    let trace = event["headers"]["x-amzn-trace-id"].as_str().expect("a trace");
    assert!(trace.starts_with("Root=1-") && trace.len() == "Root=1-".len() + 8 + 1 + 24, "{trace}");
    assert_eq!(event["requestContext"]["authorizer"]["trace"], trace);
}

#[tokio::test]
async fn the_trace_of_whoever_opens_a_socket_is_kept() {
    let mut stage = Stage::start();
    let own = "Root=1-67891233-abcdef012345678912345678";
    let given = [("x-amzn-trace-id", own)];
    let _client = Client::open_with(&stage.url("/?token=good"), &given).await.expect("it is let in");
    let event = stage.event().await;
    assert_eq!(event["headers"]["x-amzn-trace-id"], own);
    assert_eq!(event["multiValueHeaders"]["x-amzn-trace-id"], json!([own]));
}

#[tokio::test]
async fn a_number_or_a_boolean_names_a_route_by_its_text() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    for (frame, route) in
        [(r#"{"type":7}"#, "7"), (r#"{"type":true}"#, "true"), (r#"{"type":8}"#, "$default")]
    {
        client.say(frame).await;
        assert_eq!(stage.event().await["requestContext"]["routeKey"], route, "{frame}");
    }
}

#[tokio::test]
async fn the_last_of_two_keys_names_the_route() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    client.say(r#"{"type":"echo","type":"silent"}"#).await;
    assert_eq!(stage.event().await["requestContext"]["routeKey"], "silent");
}

#[tokio::test]
async fn a_key_may_be_nested() {
    let mut nested = template();
    nested.websocket.as_mut().expect("there is one").selection = vec!["data".to_owned(), "type".to_owned()];
    let mut stage = Stage::serving(nested, ManagementAccess::Loopback, |_| {});
    let mut client = stage.socket().await;
    for (frame, route) in [(r#"{"data":{"type":"silent"}}"#, "silent"), (r#"{"type":"silent"}"#, "$default")]
    {
        client.say(frame).await;
        assert_eq!(stage.event().await["requestContext"]["routeKey"], route, "{frame}");
    }
}

#[tokio::test]
async fn without_a_default_route_a_frame_that_names_none_is_refused_and_the_socket_kept() {
    let mut bare = template();
    bare.websocket.as_mut().expect("there is one").routes.remove("$default");
    let mut stage = Stage::serving(bare, ManagementAccess::Loopback, |_| {});
    let mut client = stage.socket().await;
    client.say("no JSON").await;
    let notice: Value = serde_json::from_str(&client.hear().await).expect("JSON");
    assert_eq!((&notice["message"], &notice["connectionId"]), (&json!("Forbidden"), &json!(client.id)));
    client.say(r#"{"type":"echo"}"#).await;
    assert_eq!(client.hear().await, "echoed");
}

#[tokio::test]
async fn an_api_without_connect_lets_everybody_in() {
    let mut bare = template();
    let api = bare.websocket.as_mut().expect("there is one");
    (api.authorizer, _) = (None, api.routes.remove("$connect"));
    let mut stage = Stage::serving(bare, ManagementAccess::Loopback, |_| {});
    let mut client = Client::open(&stage.url("/")).await.expect("it is let in");
    client.say("hello").await;
    assert!(stage.event().await["requestContext"].get("authorizer").is_none());
    assert_eq!(client.hear().await, "hello");
}
