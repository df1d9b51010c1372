//! Events that come twice: what they do is done once.

use serde_json::json;
use shared::clock::{Clock, SystemClock};
use shared::ids::UserId;

use super::{QUIET, go_wrong, known};
use crate::hark::{Hark, World, eventually, on_both};

/// How many messages are counted, whatever day it is by now.
async fn counted(hark: &Hark) -> i64 {
    let app = hark.running.app();
    let today = app.config.statistics.calendar().unwrap().day_of(app.clock.now());
    let kept = app.statistics.kept(&(today.previous()..=today.next())).await.unwrap();
    kept.hours.iter().map(|(_, _, tally)| tally.messages).sum()
}

async fn everything_that_comes_twice_is_stored_delivered_and_counted_once(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    go_wrong(&hark, &["event=twice"]);
    let (mut anns, bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    assert_eq!(known(&hark, &bob).await, (1, 1));
    for seq in 1..=3 {
        // Without an id of the client's, the gateway's has to do.
        let frame = json!({"type": "message", "room_id": room, "content": format!("message {seq}")});
        assert_eq!(anns.ask(&frame).await["seq"], seq);
    }
    eventually(async || hark.standing(room).await.open == 0).await;
    assert_eq!((hark.standing(room).await.last_seq, counted(&hark).await), (3, 3));
    bobs.close().await;
    eventually(async || known(&hark, &bob).await == (0, 0)).await;
    hark.stop().await;
}

/// Each frame counts against the rate of its sender, so that one that came twice counts for two.
async fn a_frame_that_comes_twice_was_handled_twice(world: &World) {
    world.clock.stand_at(SystemClock.now());
    let limits = [("RATE_LIMIT_MESSAGES", "1"), ("RATE_LIMIT_BURST", "4")];
    let hark = world.start_with(&limits).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    go_wrong(&hark, &["event=twice,function=message,count=2"]);
    for seq in 1..=2 {
        assert_eq!(anns.say(room, "hello").await["seq"], seq);
    }
    anns.refused("rate_limited", json!({"type": "message", "room_id": room, "content": "hello"})).await;
    assert_eq!(hark.running.app().rooms.rooms_of(UserId(ann.id)).await.unwrap().len(), 1);
    hark.stop().await;
}

async fn a_request_comes_once_unless_its_function_is_named(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut made = 0;
    for (spec, rooms) in [("event=twice", 1), ("event=twice,function=rooms", 2)] {
        go_wrong(&hark, &[spec]);
        hark.group(&ann, &[]).await;
        made += rooms;
        assert_eq!(hark.rooms_of(&ann).await, made, "{spec}");
    }
    hark.stop().await;
}

on_both! {
    everything_that_comes_twice_is_stored_delivered_and_counted_once,
    a_frame_that_comes_twice_was_handled_twice,
    a_request_comes_once_unless_its_function_is_named,
}
