//! Functions that fail, crash or are slow: clients are told, sockets live, and nothing acknowledged is lost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::go_wrong;
use crate::hark::{Socket, World, eventually, on_both};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// Sends a frame and gives what the gateway says in place of a reply.
async fn failed(socket: &mut Socket, frame: &Value) -> Value {
    socket.send(frame).await;
    let notice = socket.next_where(|frame| frame.get("type").is_none()).await;
    assert!(notice["connectionId"].is_string() && notice["requestId"].is_string(), "{notice}");
    notice["message"].clone()
}

async fn what_fails_before_its_work_is_said_again_and_stored_once(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    let hello = json!({"type": "message", "id": "m1", "room_id": room, "content": "hello"});
    go_wrong(&hark, &["function=message:fail,count=1"]);
    assert_eq!(failed(&mut anns, &hello).await, "Internal server error");
    assert_eq!(hark.standing(room).await.last_seq, 0, "it was not run");
    assert_eq!(anns.ask(&hello).await["seq"], 1);
    hark.stop().await;
}

async fn what_crashes_after_its_work_is_said_again_and_stored_once(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    let hello = json!({"type": "message", "id": "m1", "room_id": room, "content": "hello"});
    go_wrong(&hark, &["function=message:crash,count=1"]);
    assert_eq!(failed(&mut anns, &hello).await, "Internal server error");
    assert_eq!(hark.standing(room).await.last_seq, 1, "it was run");
    assert_eq!(anns.ask(&hello).await["seq"], 1);
    assert_eq!(hark.standing(room).await.last_seq, 1);
    hark.stop().await;
}

async fn a_batch_that_fails_or_crashes_comes_again_until_it_is_settled(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    go_wrong(&hark, &["function=deliver:fail,count=2", "function=deliver:crash,count=3"]);
    anns.say(room, "hello").await;
    let is_over = || hark.running.sockets().faults().list().1.is_empty();
    eventually(async || is_over() && hark.standing(room).await.open == 0).await;
    hark.stop().await;
}

async fn past_the_limit_of_the_integration_the_client_is_told_and_the_socket_lives(world: &World) {
    const LIMIT: Duration = Duration::from_millis(300);
    let route = "        $default:\n";
    let (before, after) = TEMPLATE.split_once(route).expect("the route is there");
    let template = world.folder().join("hasty.yaml");
    let hasty = format!("{before}{route}          IntegrationTimeout: {}\n{after}", LIMIT.as_millis());
    std::fs::write(&template, hasty).unwrap();
    let hark = world.start_by(template, &[]).await;
    let mut anns = hark.connect(&hark.user("ann").await).await;
    go_wrong(&hark, &["function=message:slow:10s,count=1"]);
    let began = Instant::now();
    assert_eq!(failed(&mut anns, &json!({"type": "heartbeat"})).await, "Endpoint request timed out");
    assert!((LIMIT..Duration::from_secs(9)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(anns.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

async fn a_handshake_whose_function_fails_is_refused_and_leaves_nothing(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    for (function, status) in [("authorize", 500), ("connect", 502)] {
        go_wrong(&hark, &[&format!("function={function}:fail,count=1")]);
        let refused = hark.open(&format!("/?token={}", ann.token), &[]).await.err().unwrap();
        assert_eq!((refused.status, &refused.body["message"]), (status, &json!("Internal server error")));
        assert_eq!(super::known(&hark, &ann).await, (0, 0));
    }
    hark.connect(&ann).await;
    hark.stop().await;
}

on_both! {
    what_fails_before_its_work_is_said_again_and_stored_once,
    what_crashes_after_its_work_is_said_again_and_stored_once,
    a_batch_that_fails_or_crashes_comes_again_until_it_is_settled,
    past_the_limit_of_the_integration_the_client_is_told_and_the_socket_lives,
    a_handshake_whose_function_fails_is_refused_and_leaves_nothing,
}
