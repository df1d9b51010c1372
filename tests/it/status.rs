//! Who comes, goes and chooses a status, as the others are told.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cost::OwnRedis;
use crate::hark::{Client, Hark, Socket, World, on_both, on_services};

/// Nobody wants to wait 15 s for every case.
const GRACE: (&str, &str) = ("OFFLINE_GRACE", "1");
/// Longer than presence lasts (5 min), shorter than a socket (2 h).
const SILENCE: Duration = Duration::from_secs(360);

/// The next status that the socket is told, and whose.
async fn told(socket: &mut Socket) -> (i64, String) {
    let frame = socket.next_of("status_update").await;
    (frame["user_id"].as_i64().unwrap(), frame["status"].as_str().unwrap().to_owned())
}

fn of(client: &Client, word: &str) -> (i64, String) {
    (client.id, word.to_owned())
}

async fn choose(socket: &mut Socket, status: &str) {
    let ack = socket.ask(&json!({"type": "status_update", "status": status, "id": "s1"})).await;
    assert_eq!(ack, json!({"type": "ack", "id": "s1", "status": status}));
}

/// What `viewer` is shown of `client`.
async fn shown(hark: &Hark, viewer: &Client, client: &Client) -> Value {
    hark.get(viewer, &format!("/api/chat/online/status/{}", client.id)).await.expect(200)
}

async fn contacts_are_told_once_who_comes_and_after_a_grace_who_went(world: &World) {
    let hark = world.start_with(&[GRACE]).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    hark.group(&bob, &[&ann]).await;
    let (mut anns, mut eves) = (hark.connect(&ann).await, hark.connect(&eve).await);
    let phone = hark.connect(&bob).await;
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    let laptop = hark.connect(&bob).await;
    phone.close().await;
    laptop.close().await;
    let frame = anns.next_of("status_update").await;
    assert_eq!((&frame["user_id"], &frame["status"]), (&json!(bob.id), &json!("offline")), "not the device");
    let seen = frame["last_seen"].as_i64().unwrap();
    assert!(seen > 1_700_000_000_000, "{frame}");
    assert_eq!(shown(&hark, &ann, &bob).await["last_seen"], seen);

    let mut bobs = hark.connect(&bob).await;
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    bobs.say(room, "back again").await;
    assert_eq!(anns.heard("status_update").await, [] as [Value; 0], "once, whatever they share");
    assert_eq!(eves.heard("status_update").await, [] as [Value; 0], "who shares nothing is told nothing");
    hark.stop().await;
}

async fn a_reconnect_within_the_grace_is_silent(world: &World) {
    let hark = world.start_with(&[GRACE]).await;
    let (ann, bob, carl) = (hark.user("ann").await, hark.user("bob").await, hark.user("carl").await);
    hark.group(&ann, &[&bob, &carl]).await;
    let mut anns = hark.connect(&ann).await;
    let bobs = hark.connect(&bob).await;
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    let carls = hark.connect(&carl).await;
    assert_eq!(told(&mut anns).await, of(&carl, "online"));

    bobs.close().await;
    let _back = hark.connect(&bob).await;
    // What is told of carl waited behind what would be told of bob.
    carls.close().await;
    assert_eq!(told(&mut anns).await, of(&carl, "offline"));
    assert_eq!(anns.heard("status_update").await, [] as [Value; 0]);
    hark.stop().await;
}

async fn members_of_large_rooms_are_not_told(world: &World) {
    let hark = world.start_with(&[GRACE, ("PUSH_ROOM_MAX", "3")]).await;
    let users = hark.users("user", 5).await;
    let [ann, bob, carl, dora, eve] = &users[..] else { unreachable!("five were made") };
    hark.group(ann, &[bob, carl]).await;
    hark.group(ann, &[bob, dora, eve]).await;
    let (mut bobs, mut doras) = (hark.connect(bob).await, hark.connect(dora).await);
    let _anns = hark.connect(ann).await;
    assert_eq!(told(&mut bobs).await, of(ann, "online"), "three share the room");
    assert_eq!(doras.heard("status_update").await, [] as [Value; 0], "four share the room");
    hark.stop().await;
}

async fn a_chosen_status_is_told_shown_and_kept(world: &World) {
    let hark = world.start_with(&[GRACE]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    for word in ["busy", "away"] {
        choose(&mut bobs, word).await;
        assert_eq!(told(&mut anns).await, of(&bob, word));
        assert_eq!(shown(&hark, &ann, &bob).await["status"], word);
    }
    bobs.close().await;
    assert_eq!(told(&mut anns).await, of(&bob, "offline"));
    let mut bobs = hark.connect(&bob).await;
    assert_eq!(told(&mut anns).await, of(&bob, "away"), "kept over a reconnect");

    choose(&mut bobs, "offline").await;
    assert_eq!(told(&mut anns).await, of(&bob, "offline"));
    let to_others = shown(&hark, &ann, &bob).await;
    assert_eq!((&to_others["status"], &to_others["connections"]), (&json!("offline"), &json!(0)));
    assert_eq!(to_others["endpoints"], json!([]));
    let to_himself = shown(&hark, &bob, &bob).await;
    assert_eq!((&to_himself["status"], &to_himself["connections"]), (&json!("offline"), &json!(1)));
    bobs.ask(&json!({"type": "heartbeat"})).await;
    assert_eq!(shown(&hark, &ann, &bob).await["last_seen"], to_others["last_seen"], "unseen since then");
    anns.say(room, "I know you are there").await;
    assert_eq!(bobs.next_of("message").await["content"], "I know you are there");

    let refused = bobs.refused("invalid", json!({"type": "status_update", "status": "asleep"})).await;
    assert!(refused.starts_with("status:"), "{refused}");
    hark.stop().await;
}

async fn a_sender_is_told_of_once_a_second_and_the_last_word_counts(world: &World) {
    let hark = world.start_with(&[GRACE]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    let began = Instant::now();
    for word in ["busy", "away", "busy", "online", "away", "busy", "online", "busy", "away", "busy"] {
        choose(&mut bobs, word).await;
    }
    choose(&mut bobs, "away").await;
    let mut updates = 0;
    loop {
        updates += 1;
        let last = told(&mut anns).await;
        if last == of(&bob, "away") && shown(&hark, &ann, &bob).await["status"] == "away" {
            break;
        }
    }
    assert!(updates <= 1 + began.elapsed().as_secs(), "{updates} in {:?}", began.elapsed());
    hark.stop().await;
}

async fn who_goes_silent_is_told_to_be_offline_and_back_at_the_next_frame(world: &World) {
    let hark = world.start_with(&[GRACE]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    world.clock.turn(SILENCE);
    anns.ask(&json!({"type": "heartbeat"})).await;
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(told(&mut anns).await, of(&bob, "offline"));
    world.clock.turn(Duration::from_secs(2));
    bobs.ask(&json!({"type": "heartbeat"})).await;
    assert_eq!(told(&mut anns).await, of(&bob, "online"));
    hark.stop().await;
}

on_both! {
    contacts_are_told_once_who_comes_and_after_a_grace_who_went,
    a_reconnect_within_the_grace_is_silent,
    members_of_large_rooms_are_not_told,
    a_chosen_status_is_told_shown_and_kept,
    a_sender_is_told_of_once_a_second_and_the_last_word_counts,
    who_goes_silent_is_told_to_be_offline_and_back_at_the_next_frame,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_seen_and_a_chosen_status_outlive_redis() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = world.start_with(&[GRACE, ("REDIS_URL", &redis.url)]).await;
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        hark.group(&ann, &[&bob]).await;
        let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
        assert_eq!(told(&mut anns).await, of(&bob, "online"));
        choose(&mut bobs, "busy").await;
        assert_eq!(told(&mut anns).await, of(&bob, "busy"));
        bobs.close().await;
        assert_eq!(told(&mut anns).await, of(&bob, "offline"));
        let before = shown(&hark, &ann, &bob).await;
        redis::cmd("FLUSHALL").exec_async(&mut redis.connection().await).await.unwrap();
        assert_eq!(shown(&hark, &ann, &bob).await, before);
        let _back = hark.connect(&bob).await;
        assert_eq!(shown(&hark, &ann, &bob).await["status"], "busy");
        hark.stop().await;
    })
    .await;
}
