//! A `$disconnect` that is lost, late or doubled: presence is right in the end.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{QUIET, go_wrong, is_online, known};
use crate::hark::{World, eventually, on_both};

/// From here on a socket is no longer young: its first failed post is believed.
const OLD: Duration = Duration::from_secs(10);

async fn who_left_without_a_word_is_forgotten_at_the_first_post(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    go_wrong(&hark, &["disconnect=lose"]);
    bobs.close().await;
    eventually(async || hark.running.sockets().len() == 1).await;
    hark.running.sockets().advance(OLD);
    anns.say(room, "are you there?").await;
    eventually(async || known(&hark, &bob).await == (0, 0)).await;
    assert!(hark.running.sockets().counters().posts_gone > 0, "nobody was told before");
    assert!(!is_online(&hark, &bob).await);
    hark.stop().await;
}

async fn who_came_back_before_the_word_of_their_leaving_stays(world: &World) {
    const LATE: Duration = Duration::from_secs(1);
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, first) = (hark.connect(&ann).await, hark.connect(&bob).await);
    go_wrong(&hark, &["disconnect=late:1s"]);
    let began = Instant::now();
    first.close().await;
    let mut second = hark.connect(&bob).await;
    eventually(async || known(&hark, &bob).await == (1, 1)).await;
    assert!(began.elapsed() >= LATE, "{:?}", began.elapsed());
    assert!(is_online(&hark, &bob).await);
    anns.say(room, "welcome back").await;
    assert_eq!(second.next_of("message").await["content"], "welcome back");
    hark.stop().await;
}

async fn who_leaves_twice_at_once_leaves_nothing_and_takes_nobody_along(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let bob = hark.user("bob").await;
    let (phone, mut laptop) = (hark.connect(&bob).await, hark.connect(&bob).await);
    go_wrong(&hark, &["disconnect=twice"]);
    phone.close().await;
    eventually(async || known(&hark, &bob).await == (1, 1)).await;
    assert!(is_online(&hark, &bob).await);
    assert_eq!(laptop.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    laptop.close().await;
    eventually(async || known(&hark, &bob).await == (0, 0) && !is_online(&hark, &bob).await).await;
    hark.stop().await;
}

on_both! {
    who_left_without_a_word_is_forgotten_at_the_first_post,
    who_came_back_before_the_word_of_their_leaving_stays,
    who_leaves_twice_at_once_leaves_nothing_and_takes_nobody_along,
}
