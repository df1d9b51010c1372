//! Sockets that are idle for ten minutes or two hours old, on a clock that is moved.

use std::time::Duration;

use serde_json::json;

use super::{QUIET, known};
use crate::hark::{World, eventually, on_both};

const IDLE: Duration = Duration::from_secs(600);
const LIFE: Duration = Duration::from_secs(7_200);
/// What a test may take meanwhile.
const MARGIN: Duration = Duration::from_secs(60);

async fn an_idle_socket_is_closed_after_ten_minutes_and_forgotten(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let sockets = hark.running.sockets();
    sockets.advance(IDLE - MARGIN);
    // What is posted to it is a message, too.
    anns.say(room, "still there?").await;
    assert_eq!(bobs.next_of("message").await["content"], "still there?");
    sockets.advance(IDLE - MARGIN);
    assert_eq!(anns.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    sockets.advance(MARGIN);
    assert_eq!(bobs.close_code().await, 1001);
    eventually(async || known(&hark, &bob).await == (0, 0)).await;
    assert_eq!(anns.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

async fn a_busy_socket_is_closed_after_two_hours_and_not_before(world: &World) {
    const STEP: Duration = Duration::from_secs(510);
    let hark = world.start_with(&[QUIET]).await;
    let ann = hark.user("ann").await;
    let mut anns = hark.connect(&ann).await;
    let mut passed = Duration::ZERO;
    while passed < LIFE - MARGIN {
        let step = STEP.min(LIFE - MARGIN - passed);
        hark.running.sockets().advance(step);
        passed += step;
        assert_eq!(anns.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat", "{passed:?}");
    }
    hark.running.sockets().advance(MARGIN);
    assert_eq!(anns.close_code().await, 1001);
    eventually(async || known(&hark, &ann).await == (0, 0)).await;
    hark.stop().await;
}

/// What the functions read the time from moves along.
async fn a_token_expires_as_the_clock_is_moved(world: &World) {
    let hark = world.start_with(&[("JWT_EXPIRE_MINUTES", "5")]).await;
    let ann = hark.user("ann").await;
    let mut anns = hark.connect(&ann).await;
    hark.get(&ann, "/api/v1/users/me").await.expect(200);
    hark.running.sockets().advance(Duration::from_secs(300));
    hark.get(&ann, "/api/v1/users/me").await.refused(401, "unauthenticated");
    anns.refused("unauthenticated", json!({"type": "heartbeat"})).await;
    hark.stop().await;
}

on_both! {
    an_idle_socket_is_closed_after_ten_minutes_and_forgotten,
    a_busy_socket_is_closed_after_two_hours_and_not_before,
    a_token_expires_as_the_clock_is_moved,
}
