//! Pushes to those who are away, taken by a push service of the test's own and read by a device's keys.

mod device;
mod retries;
mod service;
mod webhook;

use serde_json::{Value, json};
use shared::clock::UnixMs;

use crate::hark::{Client, Hark, World, eventually, on_both};
use device::{Device, SUBJECT, VAPID_PRIVATE, is_signed};
use service::Service;

const VAPID: [(&str, &str); 3] = [
    ("PUSH_VAPID_PRIVATE_KEY", VAPID_PRIVATE),
    ("PUSH_VAPID_SUBJECT", SUBJECT),
    // The service of the test is on loopback.
    ("PUSH_ALLOW_PRIVATE", "true"),
];
const SOON: (&str, &str) = ("PUSH_DELAY_SECONDS", "1");

/// Sends without a socket.
async fn say(hark: &Hark, sender: &Client, room: i64, content: &str) -> i64 {
    let body = json!({"content": content});
    let ack = hark.post(sender, &format!("/api/v1/rooms/{room}/messages"), &body).await.expect(201);
    ack["seq"].as_i64().unwrap()
}

/// Waits until every message is settled and no push of it is due any more.
async fn no_push_is_due(hark: &Hark, room: i64) {
    eventually(async || hark.standing(room).await.open == 0).await;
    let app = hark.running.app();
    let all = UnixMs(i64::MAX);
    eventually(async || app.push_pending.overdue(all, app.clock.now(), 1).await.unwrap().is_empty()).await;
}

async fn ten_messages_make_one_push(world: &World) {
    let hark = world.start_with(&VAPID).await;
    let service = Service::start().await;
    let [ann, bob, eve] = [hark.user("ann").await, hark.user("bob").await, hark.user("eve").await];
    let (room, other) = (hark.group(&ann, &[&bob, &eve]).await, hark.group(&ann, &[&bob]).await);
    let (phone, anns, eves) = (Device::new("bobs-phone"), Device::new("anns"), Device::new("eves"));
    phone.subscribe(&hark, &bob, &service).await;
    anns.subscribe(&hark, &ann, &service).await;
    eves.subscribe(&hark, &eve, &service).await;
    let mut here = hark.connect(&eve).await;
    for n in 1..=10 {
        say(&hark, &ann, room, &format!("secret {n}")).await;
        here.next_of("message").await;
    }
    say(&hark, &ann, other, "elsewhere").await;

    let pushes = service.receives("bobs-phone", 2).await;
    let key = hark.get(&bob, "/api/v1/users/me/push-key").await.expect(200);
    for push in &pushes {
        is_signed(push, &service, key["public_key"].as_str().unwrap());
        assert!(push.headers["ttl"] == "86400" && push.headers["urgency"] == "high");
    }
    let mut told = phone.read(&pushes).await;
    told.sort_by_key(|push| push["room_id"].as_i64());
    assert_eq!(outline(&told), [(room, 10, 11), (other, 1, 11)]);
    assert_eq!((&told[0]["type"], &told[0]["room_name"]), (&json!("message"), &json!("team")));
    assert_eq!((&told[0]["sender_name"], &told[0]["seq"]), (&json!("ANN"), &json!(10)));
    assert!(told[0].get("preview").is_none(), "what was said stays here: {}", told[0]);

    say(&hark, &ann, room, "one more").await;
    let pushes = service.receives("bobs-phone", 3).await;
    assert_eq!(outline(&phone.read(&pushes[2..]).await), [(room, 11, 12)]);
    assert_eq!(service.received("anns").len(), 0, "who sends misses nothing");
    assert_eq!(service.received("eves").len(), 0, "who is here gets messages");
    hark.stop().await;
}

/// Of each: the room, how much is unread in it, and in all.
fn outline(told: &[Value]) -> Vec<(i64, i64, i64)> {
    let number = |push: &Value, field: &str| push[field].as_i64().unwrap();
    told.iter()
        .map(|push| (number(push, "room_id"), number(push, "count"), number(push, "unread_total")))
        .collect()
}

async fn who_reads_or_comes_back_in_time_gets_none(world: &World) {
    let hark = world.start_with(&VAPID).await;
    let service = Service::start().await;
    let [ann, bob, eve] = [hark.user("ann").await, hark.user("bob").await, hark.user("eve").await];
    let room = hark.group(&ann, &[&bob, &eve]).await;
    let bobs = Device::new("bobs");
    bobs.subscribe(&hark, &bob, &service).await;
    Device::new("eves").subscribe(&hark, &eve, &service).await;
    let seq = say(&hark, &ann, room, "hello").await;
    let read = hark.post(&bob, &format!("/api/v1/rooms/{room}/read"), &json!({"seq": seq})).await;
    read.expect(200);
    let _here = hark.connect(&eve).await;
    no_push_is_due(&hark, room).await;

    say(&hark, &ann, room, "and again").await;
    let pushes = service.receives("bobs", 1).await;
    assert_eq!(outline(&bobs.read(&pushes).await), [(room, 1, 1)], "his first is for the second");
    no_push_is_due(&hark, room).await;
    assert_eq!((service.received("bobs").len(), service.received("eves").len()), (1, 0));
    hark.stop().await;
}

async fn who_blocks_a_sender_is_pushed_nothing_of_theirs(world: &World) {
    let hark = world.start_with(&[&VAPID[..], &[SOON, ("PUSH_PREVIEW", "true")]].concat()).await;
    let service = Service::start().await;
    let [ann, bob, eve] = [hark.user("ann").await, hark.user("bob").await, hark.user("eve").await];
    let room = hark.group(&ann, &[&bob, &eve]).await;
    let (anns, eves) = (Device::new("anns"), Device::new("eves"));
    anns.subscribe(&hark, &ann, &service).await;
    eves.subscribe(&hark, &eve, &service).await;
    hark.post(&ann, &format!("/api/v1/users/me/blocks/{}", bob.id), &json!({})).await.expect(204);

    say(&hark, &bob, room, "to all").await;
    service.receives("eves", 1).await;
    no_push_is_due(&hark, room).await;
    assert_eq!(service.received("anns").len(), 0);
    say(&hark, &eve, room, "from eve").await;
    say(&hark, &bob, room, "and again").await;
    let told = anns.read(&service.receives("anns", 1).await).await;
    assert_eq!((&told[0]["sender_id"], &told[0]["preview"]), (&json!(eve.id), &json!("from eve")));
    hark.stop().await;
}

async fn a_preview_is_told_where_the_operator_wants_it(world: &World) {
    let hark = world.start_with(&[&VAPID[..], &[SOON, ("PUSH_PREVIEW", "true")]].concat()).await;
    let service = Service::start().await;
    let [ann, bob] = [hark.user("ann").await, hark.user("bob").await];
    let phone = Device::new("phone");
    phone.subscribe(&hark, &bob, &service).await;
    let body = json!({"type": "direct", "member_ids": [bob.id]});
    let direct = hark.post(&ann, "/api/v1/rooms", &body).await.expect(201)["id"].as_i64().unwrap();
    say(&hark, &ann, direct, &"长".repeat(250)).await;
    let told = phone.read(&service.receives("phone", 1).await).await;
    assert_eq!(told[0]["preview"], "长".repeat(200));
    assert_eq!((&told[0]["room_name"], &told[0]["sender_id"]), (&Value::Null, &json!(ann.id)));
    hark.stop().await;
}

on_both! {
    ten_messages_make_one_push,
    who_reads_or_comes_back_in_time_gets_none,
    who_blocks_a_sender_is_pushed_nothing_of_theirs,
    a_preview_is_told_where_the_operator_wants_it,
}
