//! Who is let in, and what the functions are told.

use super::{client::Client, stage::Stage};
use serde_json::{Value, json};

async fn refused(stage: &Stage, path: &str) -> (u16, Value) {
    match Client::open(&stage.url(path)).await {
        Ok(_) => panic!("{path} was let in"),
        Err(refused) => (refused.status, refused.body),
    }
}

#[tokio::test]
async fn whoever_the_authorizer_allows_is_let_in_on_any_path() {
    let mut stage = Stage::start();
    for path in ["/", "/ws", "/ws/chat", "/ws/phone", "/api/v1/ws"] {
        let url = stage.url(&format!("{path}?token=good"));
        Client::open(&url).await.unwrap_or_else(|refused| panic!("{path}: {refused:?}"));
        assert_eq!(stage.event().await["requestContext"]["eventType"], "CONNECT");
        assert_eq!(stage.event().await["requestContext"]["eventType"], "DISCONNECT");
    }
}

#[tokio::test]
async fn the_path_names_the_device() {
    let mut stage = Stage::start();
    // Kept open, so that no $disconnect comes between.
    let mut open = Vec::new();
    for (path, client) in [
        ("/ws/my%20phone?token=good", json!("my phone")),
        ("/ws/phone?token=good&client_id=own", json!("own")),
        ("/ws/chat?token=good", Value::Null),
        ("/?token=good", Value::Null),
    ] {
        open.push(Client::open(&stage.url(path)).await.expect("it is let in"));
        assert_eq!(stage.event().await["queryStringParameters"]["client_id"], client, "{path}");
    }
}

#[tokio::test]
async fn a_denial_is_403_with_its_reason() {
    let stage = Stage::start();
    let (status, body) = refused(&stage, "/?token=denied").await;
    assert_eq!(status, 403);
    let explicit = "User is not authorized to access this resource with an explicit deny";
    assert_eq!(body["message"], explicit);
    assert_eq!(body["reason"], "the token is expired");
    assert!(body["connectionId"].as_str().is_some_and(|id| id.ends_with('=')));
    assert!(body["requestId"].is_string());
}

#[tokio::test]
async fn an_allowance_of_another_api_is_403() {
    let (status, body) = refused(&Stage::start(), "/?token=other").await;
    assert_eq!((status, &body["message"]), (403, &json!("User is not authorized to access this resource")));
}

#[tokio::test]
async fn no_token_is_401_and_a_broken_authorizer_500() {
    let stage = Stage::start();
    assert_eq!(refused(&stage, "/").await.0, 401);
    assert_eq!(refused(&stage, "/").await.1["message"], "Unauthorized");
    assert_eq!(refused(&stage, "/?token=broken").await.0, 500);
    assert_eq!(refused(&stage, "/?token=panic").await.0, 500);
    assert_eq!(refused(&stage, "/?token=nested").await.0, 500);
}

#[tokio::test]
async fn connect_can_refuse_with_its_own_status() {
    let mut stage = Stage::start();
    let (status, body) = refused(&stage, "/?token=good&refuse=409").await;
    assert_eq!((status, &body["error"]), (409, &json!("refused")));
    assert_eq!(refused(&stage, "/?token=good&connect=fail").await.0, 502);
    stage.event().await;
    stage.event().await;
    assert!(stage.is_quiet(), "a refused handshake has no $disconnect");
    assert!(stage.runner.sockets().is_empty());
}

#[tokio::test]
async fn connect_picks_the_subprotocol() {
    let stage = Stage::start();
    let url = stage.url("/?token=good&protocol=hark.v1");
    let offered = [("sec-websocket-protocol", "hark.v1, bearer.abc")];
    let client = Client::open_with(&url, &offered).await.expect("it is let in");
    assert_eq!(client.headers["sec-websocket-protocol"], "hark.v1");
}

#[tokio::test]
async fn the_connect_event_says_who_comes_and_how() {
    let mut stage = Stage::start();
    let url = stage.url("/?token=good&a=1&a=2");
    let _client = Client::open_with(&url, &[("user-agent", "tests")]).await.expect("it is let in");
    let event = stage.event().await;
    assert_eq!(event["queryStringParameters"]["a"], "2");
    assert_eq!(event["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
    assert_eq!(event["headers"]["user-agent"], "tests");
    assert_eq!(event["multiValueHeaders"]["user-agent"], json!(["tests"]));
    let context = &event["requestContext"];
    assert_eq!(context["routeKey"], "$connect");
    assert_eq!(context["stage"], "live");
    assert_eq!(context["domainName"], stage.runner.address().to_string());
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    // API Gateway makes every value of an authorizer's context a string.
    let authorizer = &context["authorizer"];
    assert_eq!(authorizer["user"], "7");
    assert_eq!(authorizer["staff"], "true");
    assert_eq!(authorizer["name"], "Ann");
    assert_eq!(authorizer["principalId"], "7");
}

#[tokio::test]
async fn nothing_can_be_posted_before_connect_returned() {
    let mut stage = Stage::start();
    let _client = Client::open(&stage.url("/?token=good")).await.expect("it is let in");
    assert_eq!(stage.event().await["earlyPost"], "Err(Gone)");
}

#[tokio::test]
async fn a_url_of_4096_bytes_is_taken_and_a_longer_one_is_414() {
    let mut stage = Stage::start();
    let path = |length: usize| {
        let start = "/?token=good&pad=";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    let _client = Client::open(&stage.url(&path(4096))).await.expect("it is let in");
    stage.event().await;
    assert_eq!(refused(&stage, &path(4097)).await.0, 414);
    assert!(stage.is_quiet());
}

#[tokio::test]
async fn a_connect_that_fails_is_502_and_leaves_no_connection() {
    let mut stage = Stage::start();
    assert_eq!(refused(&stage, "/?token=good&connect=fail").await.0, 502);
    let id = stage.event().await["requestContext"]["connectionId"].as_str().expect("an id").to_owned();
    assert!(stage.runner.sockets().inspect(&id).is_none() && stage.is_quiet());
}

#[tokio::test]
async fn a_malformed_handshake_is_400() {
    let stage = Stage::start();
    let url = stage.url("/?token=good");
    let old = Client::open_with(&url, &[("sec-websocket-version", "8")]).await;
    assert_eq!(old.err().expect("it is refused").status, 400);
}
