//! `/_faults`, from this machine and on a port of its own.

use super::{
    client::Client,
    http::{Answered, request},
    stage::Stage,
};
use crate::{
    faults::MAX_FAULTS,
    gateway::{Credentials, ManagementAccess},
};
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

/// A year.
const MAX_ADVANCE: u32 = 31_622_400;

async fn ask(stage: &Stage, method: Method, path: &str, body: &Value) -> Answered {
    ask_as(stage, method, path, body, None).await
}

async fn ask_as(
    stage: &Stage,
    method: Method,
    path: &str,
    body: &Value,
    header: Option<(&str, &str)>,
) -> Answered {
    let mut asked = Request::builder().method(method).uri(stage.http(path));
    if let Some((name, value)) = header {
        asked = asked.header(name, value);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(asked.body(Full::from(body)).expect("a request")).await
}

#[tokio::test]
async fn what_is_put_is_on_until_it_is_deleted() {
    let mut stage = Stage::start();
    let wanted = json!({"seed": 7, "faults": ["connect=429:1", "post=410:0.5,count=3"]});
    let on = json!({"seed": 7, "faults": ["connect=429", "post=410:0.5,count=3"]});
    for answered in [
        ask(&stage, Method::PUT, "/_faults", &wanted).await,
        ask(&stage, Method::GET, "/_faults", &Value::Null).await,
        // What is given can be put back, by the same seed unless another is named.
        ask(&stage, Method::PUT, "/_faults", &json!({"faults": on["faults"]})).await,
    ] {
        assert_eq!((answered.status.as_u16(), answered.json()), (200, on.clone()));
    }
    let refused = Client::open(&stage.url("/?token=good")).await.err().expect("it is refused");
    assert_eq!(refused.status, 429);
    let off = ask(&stage, Method::DELETE, "/_faults", &Value::Null).await;
    assert_eq!((off.status.as_u16(), off.json()), (200, json!({"seed": 7, "faults": []})));
    stage.socket().await;
}

#[tokio::test]
async fn the_clock_is_moved_and_sockets_are_cut() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    for (by, ahead) in [(1, 1), (599, 600)] {
        let moved = ask(&stage, Method::POST, "/_faults/clock", &json!({"advance_seconds": by})).await;
        assert_eq!((moved.status.as_u16(), moved.json()), (200, json!({"ahead_seconds": ahead})));
    }
    assert_eq!(client.close_code().await, 1001);
}

#[tokio::test]
async fn what_is_wrong_is_a_400_that_names_the_field_and_changes_nothing() {
    let stage = Stage::start();
    let on = json!({"seed": 7, "faults": ["post=429"]});
    ask(&stage, Method::PUT, "/_faults", &on).await;
    let many = vec!["post=429"; MAX_FAULTS + 1];
    for (body, named) in [
        (json!({"faults": ["post=429", "post=500"]}), "faults[1]: \"500\" is none of"),
        (json!({"faults": ["function=massage:fail"]}), "faults: function=massage:fail: there is no function"),
        (json!({"faults": "post=429"}), "faults: invalid type"),
        (json!({"faults": [429]}), "faults[0]: invalid type"),
        (json!({"faults": [], "seed": -1}), "seed: invalid value"),
        (json!({"faults": [], "speed": 1}), "unknown field `speed`"),
        (json!({"seed": 1}), "missing field `faults`"),
        (json!({"faults": many}), "faults: 101 are too many"),
        (json!([7, ["post=429"]]), "expected a map"),
        (Value::Null, "EOF"),
    ] {
        let refused = ask(&stage, Method::PUT, "/_faults", &body).await;
        let said = refused.json()["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(refused.status.as_u16(), 400, "{body}: {said}");
        assert!(said.contains(named), "{body}: {said}");
    }
    assert_eq!(ask(&stage, Method::GET, "/_faults", &Value::Null).await.json(), on);
}

#[tokio::test]
async fn a_move_of_the_clock_is_a_second_to_a_year() {
    let stage = Stage::start();
    for (body, named) in [
        (json!({"advance_seconds": 0}), "advance_seconds: must be 1 to"),
        (json!({"advance_seconds": MAX_ADVANCE + 1}), "advance_seconds: must be 1 to"),
        (json!({"advance_seconds": -1}), "advance_seconds: invalid value"),
        (json!({"advance_seconds": 1.5}), "advance_seconds: invalid type"),
        (json!({"advance_seconds": 1, "advance_hours": 1}), "unknown field `advance_hours`"),
        (json!({}), "missing field `advance_seconds`"),
    ] {
        let refused = ask(&stage, Method::POST, "/_faults/clock", &body).await;
        let said = refused.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(refused.status.as_u16() == 400 && said.contains(named), "{body}: {said}");
    }
    let year = json!({"advance_seconds": MAX_ADVANCE});
    let moved = ask(&stage, Method::POST, "/_faults/clock", &year).await;
    assert_eq!(moved.json(), json!({"ahead_seconds": MAX_ADVANCE}));
}

#[tokio::test]
async fn what_others_may_have_sent_and_what_is_not_offered_is_forbidden() {
    let stage = Stage::start();
    let (none, clock) = (json!({"faults": []}), json!({"advance_seconds": 1}));
    for (name, value) in
        [("origin", "https://evil.example"), ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")]
    {
        let put = ask_as(&stage, Method::PUT, "/_faults", &none, Some((name, value))).await;
        let moved = ask_as(&stage, Method::POST, "/_faults/clock", &clock, Some((name, value))).await;
        assert_eq!((put.status.as_u16(), moved.status.as_u16()), (403, 403), "{name}");
    }
    for (method, path) in [(Method::POST, "/_faults"), (Method::PUT, "/_faults/clock")] {
        assert_eq!(ask(&stage, method, path, &none).await.status.as_u16(), 403, "{path}");
    }
    assert_eq!(ask(&stage, Method::GET, "/_faults/other", &Value::Null).await.status.as_u16(), 404);
}

#[tokio::test]
async fn with_a_port_for_management_the_main_one_has_no_switches() {
    let credentials = Credentials { access_key: "key".to_owned(), secret_key: "secret".to_owned() };
    let stage = Stage::with(ManagementAccess::Signed(credentials), |_| {});
    for (method, path) in
        [(Method::GET, "/_faults"), (Method::PUT, "/_faults"), (Method::POST, "/_faults/clock")]
    {
        assert_eq!(ask(&stage, method, path, &json!({"faults": []})).await.status.as_u16(), 404, "{path}");
    }
}
