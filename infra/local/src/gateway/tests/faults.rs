//! Sockets and invocations that go wrong on demand. Posts have a file of their own.

use super::{
    client::{Client, Refused},
    http::{Answered, request},
    stage::Stage,
};
use crate::gateway::ManagementAccess;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

const LATE: Duration = Duration::from_millis(300);

async fn refused(stage: &Stage) -> Refused {
    Client::open(&stage.url("/?token=good")).await.err().expect("it is refused")
}

async fn get(stage: &Stage, path: &str) -> Answered {
    request(Request::get(stage.http(path)).body(Full::default()).expect("a request")).await
}

/// Sends a frame and gives what the gateway says in place of a reply.
async fn failed(client: &mut Client, frame: &Value) -> Value {
    client.say(&frame.to_string()).await;
    let notice: Value = serde_json::from_str(&client.hear().await).expect("a notice is JSON");
    assert!(notice["connectionId"].is_string() && notice["requestId"].is_string(), "{notice}");
    notice["message"].clone()
}

fn kind(event: &Value) -> &str {
    event["requestContext"]["eventType"].as_str().expect("a kind")
}

#[tokio::test]
async fn a_lost_disconnect_never_comes() {
    let mut stage = Stage::start();
    stage.go_wrong(["disconnect=lose,count=1"]);
    let (mut lost, mut told) = (stage.socket().await, stage.socket().await);
    lost.close().await;
    told.close().await;
    let event = stage.event().await;
    assert_eq!((kind(&event), &event["requestContext"]["connectionId"]), ("DISCONNECT", &json!(told.id)));
    assert!(stage.is_quiet());
}

#[tokio::test]
async fn a_late_disconnect_comes_after_its_time() {
    let mut stage = Stage::start();
    stage.go_wrong(["disconnect=late:300ms"]);
    let mut client = stage.socket().await;
    let began = Instant::now();
    client.close().await;
    assert_eq!(kind(&stage.event().await), "DISCONNECT");
    assert!(began.elapsed() >= LATE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_runner_that_stops_waits_for_no_late_disconnect() {
    let mut stage = Stage::start();
    stage.go_wrong(["disconnect=late:1h"]);
    let mut client = stage.socket().await;
    client.close().await;
    let (began, Stage { runner, mut events, .. }) = (Instant::now(), stage);
    assert!(runner.stop().await, "nothing is left");
    assert_eq!(kind(&events.recv().await.expect("it came")), "DISCONNECT");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_doubled_disconnect_is_the_same_event_twice() {
    let mut stage = Stage::start();
    stage.go_wrong(["disconnect=twice"]);
    stage.socket().await.close().await;
    assert_eq!(stage.event().await, stage.event().await);
}

#[tokio::test]
async fn a_throttled_handshake_is_429_in_the_words_of_the_gateway_and_invokes_nothing() {
    let mut stage = Stage::start();
    stage.go_wrong(["connect=429,count=1"]);
    let Refused { status, body } = refused(&stage).await;
    assert_eq!((status, &body["message"]), (429, &json!("Too Many Requests")));
    assert!(body["connectionId"].is_string() && body["requestId"].is_string(), "{body}");
    assert!(stage.is_quiet());
    stage.socket().await;
}

#[tokio::test]
async fn handshakes_past_the_limit_of_a_second_are_429() {
    let mut stage = Stage::start();
    stage.go_wrong(["connect=limit:1"]);
    stage.socket().await;
    let mut statuses = Vec::new();
    while statuses.len() < 20 && !statuses.contains(&429) {
        let opened = Client::open(&stage.url("/?token=good")).await;
        statuses.push(opened.map_or_else(|refused| refused.status, |_| 101));
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_late_socket_is_open_after_its_time() {
    let mut stage = Stage::start();
    stage.go_wrong(["connect=late:300ms"]);
    let began = Instant::now();
    stage.socket().await;
    assert!(began.elapsed() >= LATE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_event_that_comes_twice_is_answered_once() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    stage.go_wrong(["event=twice,function=message,count=1"]);
    for (text, times) in [("first", 2), ("second", 1)] {
        client.say(text).await;
        assert_eq!(client.hear().await, text);
        let mut events = Vec::new();
        for _ in 0..times {
            events.push(stage.event().await);
        }
        assert!(events.iter().all(|event| *event == events[0] && event["body"] == text), "{events:?}");
    }
    assert!(stage.is_quiet());
}

#[tokio::test]
async fn a_function_that_fails_is_not_run_and_the_socket_lives() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    stage.go_wrong(["function=message:fail,count=1"]);
    assert_eq!(failed(&mut client, &json!({})).await, "Internal server error");
    assert!(stage.is_quiet());
    client.say("again").await;
    assert_eq!(client.hear().await, "again");
}

#[tokio::test]
async fn a_function_that_crashes_did_its_work_before() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    stage.go_wrong(["function=message:crash,count=1"]);
    assert_eq!(failed(&mut client, &json!({"n": 1})).await, "Internal server error");
    assert_eq!(stage.event().await["body"], "{\"n\":1}");
    client.say("again").await;
    assert_eq!(client.hear().await, "again");
}

#[tokio::test]
async fn a_function_of_every_kind_can_fail() {
    let stage = Stage::start();
    for (spec, status) in [("function=authorize:fail", 500), ("function=connect:fail", 502)] {
        stage.go_wrong([spec]);
        let Refused { status: refused, body } = refused(&stage).await;
        assert_eq!((refused, &body["message"]), (status, &json!("Internal server error")), "{spec}");
    }
    stage.go_wrong(["function=site:fail"]);
    let answered = get(&stage, "/health").await;
    assert_eq!(
        (answered.status.as_u16(), answered.json()),
        (500, json!({"message": "Internal Server Error"}))
    );
}

#[tokio::test]
async fn a_slow_function_is_waited_for_till_the_limit_of_its_route() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    let slow = json!({"type": "echo"});
    for (spec, least, said) in [
        ("function=echo:slow:300ms", LATE, "echoed"),
        // The route's limit is a second.
        ("function=echo:slow:1s", Duration::from_secs(1), "Endpoint request timed out"),
    ] {
        stage.go_wrong([spec]);
        let began = Instant::now();
        client.say(&slow.to_string()).await;
        let heard = client.hear().await;
        assert!(heard.contains(said) && began.elapsed() >= least, "{spec}: {heard} {:?}", began.elapsed());
    }
    stage.go_wrong(["function=site:slow:1s"]);
    assert_eq!(get(&stage, "/health").await.status.as_u16(), 503);
}

#[tokio::test]
async fn a_clock_that_is_moved_closes_the_idle_at_ten_minutes_and_not_before() {
    let mut stage = Stage::start();
    let (mut idle, mut busy) = (stage.socket().await, stage.socket().await);
    stage.runner.sockets().advance(Duration::from_secs(590));
    busy.say("busy").await;
    assert_eq!(busy.hear().await, "busy");
    assert_eq!(stage.runner.sockets().len(), 2);
    stage.runner.sockets().advance(Duration::from_secs(10));
    assert_eq!(idle.close_code().await, 1001);
    stage.event().await;
    let event = stage.event().await;
    assert_eq!(
        (kind(&event), &event["requestContext"]["disconnectStatusCode"]),
        ("DISCONNECT", &json!(1001))
    );
    let times =
        ["requestTimeEpoch", "connectedAt"].map(|name| event["requestContext"][name].as_i64().unwrap());
    assert!((600_000..660_000).contains(&(times[0] - times[1])), "{event}");
    busy.say("still here").await;
    assert_eq!(busy.hear().await, "still here");
}

#[tokio::test]
async fn a_clock_that_is_moved_closes_the_busy_at_two_hours_and_not_before() {
    let mut stage = Stage::start();
    let mut client = stage.socket().await;
    // 7,190 seconds.
    for _ in 0..719 / 59 {
        stage.runner.sockets().advance(Duration::from_secs(590));
        client.say("busy").await;
        assert_eq!(client.hear().await, "busy");
    }
    stage.runner.sockets().advance(Duration::from_secs(7_190 - 590 * (719 / 59)));
    client.say("busy").await;
    assert_eq!(client.hear().await, "busy");
    stage.runner.sockets().advance(Duration::from_secs(10));
    assert_eq!(client.close_code().await, 1001);
}

/// What waits by the machine's time must be told of a move, however small.
#[tokio::test]
async fn a_small_move_makes_the_rest_of_the_wait_shorter() {
    let mut stage = Stage::with(ManagementAccess::Loopback, |options| {
        options.idle_timeout = Duration::from_secs(30);
    });
    let mut client = stage.socket().await;
    let began = Instant::now();
    stage.runner.sockets().advance(Duration::from_millis(29_500));
    assert_eq!(client.close_code().await, 1001);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    client.try_send(Message::text("late")).await;
}
