//! Before the gateway ends a socket its client is told to open the next one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::UserId;

use crate::hark::{Hark, Socket, World, on_both};

const MINUTE: Duration = Duration::from_secs(60);
const SOCKETS: usize = 30;

async fn upkeep(hark: &Hark) {
    hark.running.schedules().run("upkeep").await.unwrap();
}

/// How often each was told by now, since the last time.
async fn told(sockets: &mut [Socket]) -> Vec<usize> {
    let mut told = Vec::new();
    for socket in sockets {
        let system = socket.heard("system").await;
        let reconnect = system.iter().filter(|frame| frame["event"] == "reconnect");
        told.push(reconnect.inspect(|frame| check(frame)).count());
    }
    told
}

fn check(frame: &Value) {
    assert_eq!((&frame["reconnect"], &frame["reason"]), (&json!(true), &json!("lifetime")), "{frame}");
    assert!(
        frame["within_s"].as_u64().is_some_and(|within| within < 240),
        "the old one lasts longer: {frame}"
    );
    assert!(frame["timestamp"].is_i64(), "{frame}");
}

async fn every_socket_is_told_once_before_its_end_at_a_time_of_its_own(world: &World) {
    let hark = world.start().await;
    let users = hark.users("user", SOCKETS).await;
    let mut sockets = Vec::new();
    for user in &users {
        sockets.push(hark.connect(user).await);
    }
    world.clock.turn(MINUTE * 104);
    upkeep(&hark).await;
    assert_eq!(told(&mut sockets).await, [0; SOCKETS], "none in the first 105 minutes");

    let (mut times, mut by_minute) = (vec![0; SOCKETS], BTreeMap::new());
    for minute in 105..=116 {
        world.clock.turn(MINUTE);
        upkeep(&hark).await;
        for (times, told) in times.iter_mut().zip(told(&mut sockets).await) {
            *times += told;
            *by_minute.entry(minute).or_insert(0) += told;
        }
    }
    assert_eq!(times, [1; SOCKETS], "{by_minute:?}");
    let minutes = by_minute.values().filter(|told| **told > 0).count();
    assert!(minutes >= 5, "they are spread: {by_minute:?}");
    assert!(by_minute.values().all(|told| *told <= SOCKETS / 2), "{by_minute:?}");
    hark.stop().await;
}

async fn a_client_that_changes_sockets_when_told_misses_nothing(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut old = hark.connect(&bob).await;
    world.clock.turn(MINUTE * 116);
    let mut anns = hark.connect(&ann).await;
    let enough = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let enough = enough.clone();
        async move {
            let mut said = 0;
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            while !enough.load(SeqCst) {
                pace.tick().await;
                said += 1;
                assert_eq!(anns.say(room, &said.to_string()).await["seq"], said);
            }
            said
        }
    });
    let mut seen = BTreeMap::new();
    let mut keep = |frame: Value| {
        // A number that is there already came over both sockets.
        seen.insert(frame["seq"].as_i64().unwrap(), frame["content"].clone());
    };
    keep(old.next_of("message").await);
    upkeep(&hark).await;
    check(&old.next_event("reconnect").await);

    let mut new = hark.connect(&bob).await;
    // Both are open for a while.
    keep(new.next_of("message").await);
    keep(old.next_of("message").await);
    let app = hark.running.app();
    let mut sockets = app.connection_log.of_user(UserId(bob.id)).await.unwrap();
    sockets.sort_by_key(|logged| logged.address.connected_at);
    app.connections.close(&sockets[0].address).await.unwrap();
    for frame in old.until_closed().await.into_iter().filter(|frame| frame["type"] == "message") {
        keep(frame);
    }
    keep(new.next_of("message").await);
    enough.store(true, SeqCst);
    let said: i64 = sending.await.unwrap();
    while !(1..=said).all(|seq| seen.contains_key(&seq)) {
        let frame = new.next_of("message").await;
        seen.insert(frame["seq"].as_i64().unwrap(), frame["content"].clone());
    }
    assert_eq!(seen.len(), usize::try_from(said).unwrap());
    assert!(seen.iter().all(|(seq, content)| *content == json!(seq.to_string())), "{seen:?}");
    hark.stop().await;
}

on_both! {
    every_socket_is_told_once_before_its_end_at_a_time_of_its_own,
    a_client_that_changes_sockets_when_told_misses_nothing,
}
