//! Two people, one room: what one sends the other gets, and everything that can be asked of it afterwards
//! agrees, also after a restart.

use serde_json::{Value, json};

use crate::hark::{Hark, World, on_both};

/// What clients read of a message, wherever they read it.
const FIELDS: [&str; 7] =
    ["message_id", "room_id", "seq", "sender_id", "sender_name", "content", "timestamp"];

fn fields(message: &Value) -> Vec<&Value> {
    FIELDS.iter().map(|field| &message[field]).collect()
}

async fn what_one_sends_the_other_gets(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);

    let ack = anns.ask(&json!({"type": "message", "room_id": room, "content": "hello", "id": "m1"})).await;
    let got = bobs.next_of("message").await;

    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!((&ack["id"], &ack["room_id"], &ack["seq"]), (&json!("m1"), &json!(room), &json!(1)));
    uuid::Uuid::parse_str(ack["message_id"].as_str().unwrap()).unwrap();
    assert!(ack["timestamp"].as_i64().unwrap() > 1_700_000_000_000, "Unix milliseconds");
    for field in ["message_id", "room_id", "seq", "timestamp"] {
        assert_eq!(got[field], ack[field], "{field}");
    }
    assert_eq!((&got["sender_id"], &got["sender_name"]), (&json!(ann.id), &json!("ANN")));
    assert_eq!((&got["content"], &got["kind"]), (&json!("hello"), &json!("text")));
    assert!(anns.heard("message").await.is_empty(), "the sender's own connection has its ack");

    bobs.say(room, "and to you").await;
    assert_eq!(anns.next_of("message").await["seq"], 2);
    hark.stop().await;
}

async fn history_unread_and_last_message_agree_with_what_was_sent(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let mut got = Vec::new();
    for n in 1..=3 {
        anns.say(room, &format!("message {n}")).await;
        got.push(bobs.next_of("message").await);
    }

    let history = hark.get(&bob, &format!("/api/v1/rooms/{room}/messages")).await.expect(200);
    let messages = history["messages"].as_array().unwrap();
    assert_eq!(messages.iter().map(fields).collect::<Vec<_>>(), got.iter().map(fields).collect::<Vec<_>>());
    assert_eq!((&history["page"], &history["total"]), (&json!(1), &json!(3)));

    let of = async |client| hark.get(client, "/api/v1/rooms").await.expect(200)["rooms"][0].clone();
    let (anns_view, bobs_view) = (of(&ann).await, of(&bob).await);
    assert_eq!(fields(&bobs_view["last_message"]), fields(&got[2]));
    assert_eq!((&bobs_view["last_seq"], &bobs_view["unread_count"]), (&json!(3), &json!(3)));
    assert_eq!(anns_view["unread_count"], 0, "one's own messages are read");

    let read = format!("/api/v1/rooms/{room}/read");
    assert_eq!(hark.post(&bob, &read, &json!({"seq": 2})).await.expect(200)["unread_count"], 1);
    assert_eq!(of(&bob).await["unread_count"], 1);
    bobs.say(room, "an answer").await;
    assert_eq!(of(&bob).await["unread_count"], 0, "who answers has read");
    hark.stop().await;
}

async fn a_message_to_a_person_makes_one_direct_room(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let there = anns.ask(&json!({"type": "message", "to": bob.id, "content": "psst"})).await;
    let back = bobs.ask(&json!({"type": "message", "to": "ann", "content": "what?"})).await;
    assert_eq!((&there["seq"], &back["seq"]), (&json!(1), &json!(2)), "{there} {back}");
    assert_eq!(there["room_id"], back["room_id"]);
    assert_eq!(bobs.next_of("message").await["content"], "psst");
    assert_eq!(anns.next_of("message").await["content"], "what?");
    hark.stop().await;
}

async fn every_device_gets_it_the_senders_others_too(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut phone, mut laptop) = (hark.connect(&ann).await, hark.connect(&ann).await);
    let (mut one, mut two) = (hark.connect(&bob).await, hark.connect(&bob).await);
    let ack = phone.say(room, "hello").await;
    for socket in [&mut laptop, &mut one, &mut two] {
        assert_eq!(socket.next_of("message").await["message_id"], ack["message_id"]);
        assert!(socket.heard("message").await.is_empty(), "once");
    }
    hark.stop().await;
}

async fn a_repeated_send_is_stored_once(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut socket = hark.connect(&ann).await;
    let frame = json!({"type": "message", "room_id": room, "content": "hello", "id": "m1"});
    let (first, again) = (socket.ask(&frame).await, socket.ask(&frame).await);
    assert_eq!(first, again);
    let other = json!({"type": "message", "room_id": room, "content": "something else", "id": "m1"});
    assert_eq!(socket.ask(&other).await["code"], "conflict");
    let path = format!("/api/v1/rooms/{room}/messages");
    let request = hark.to(http::Method::POST, &path).bearer_auth(&ann.token);
    let request = request.header("Idempotency-Key", "m1").json(&json!({"content": "hello"}));
    assert_eq!(crate::hark::answer(request).await.expect(201)["seq"], 1, "HTTP and socket share the ids");
    assert_eq!(hark.standing(room).await.last_seq, 1);
    hark.stop().await;
}

async fn what_is_sent_over_http_reaches_the_sockets(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    let path = format!("/api/v1/rooms/{room}/messages");
    let ack = hark.post(&ann, &path, &json!({"content": "by post"})).await.expect(201);
    let got = bobs.next_of("message").await;
    assert_eq!((&got["content"], &got["seq"]), (&json!("by post"), &ack["seq"]));
    hark.stop().await;
}

async fn a_restart_loses_no_message_room_or_user(world: &World) {
    let hark = world.start().await;
    let body = json!({"username": "ann", "nickname": "Ann", "password": "123456"});
    let token = hark.post_as_nobody("/api/v1/auth/register", &body).await.expect(201)["token"].clone();
    let (mut ann, bob) = (hark.user("nobody").await, hark.user("bob").await);
    ann.token = token.as_str().unwrap().to_owned();
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    for n in 1..=5 {
        anns.say(room, &format!("message {n}")).await;
    }
    let before = seen(&hark, &bob, room).await;
    hark.stop().await;

    let hark = world.start().await;
    assert_eq!(seen(&hark, &bob, room).await, before, "an old token is still good, too");
    let login = hark.post_as_nobody("/api/v1/auth/login", &body).await.expect(200);
    assert_eq!(login["user"]["username"], "ann");
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    assert_eq!(anns.say(room, "and on").await["seq"], 6);
    assert_eq!(bobs.next_of("message").await["seq"], 6);
    hark.stop().await;
}

/// Everything that a client can see of a room, in one value.
async fn seen(hark: &Hark, client: &crate::hark::Client, room: i64) -> Value {
    let mut all = Vec::new();
    for path in ["", "/messages", "/members"] {
        all.push(hark.get(client, &format!("/api/v1/rooms/{room}{path}")).await.expect(200));
    }
    all.push(hark.get(client, "/api/v1/rooms").await.expect(200));
    all.push(hark.get(client, "/api/v1/users/me").await.expect(200));
    assert_eq!(all[1]["total"], 5);
    Value::Array(all)
}

on_both! {
    what_one_sends_the_other_gets,
    history_unread_and_last_message_agree_with_what_was_sent,
    a_message_to_a_person_makes_one_direct_room,
    every_device_gets_it_the_senders_others_too,
    a_repeated_send_is_stored_once,
    what_is_sent_over_http_reaches_the_sockets,
    a_restart_loses_no_message_room_or_user,
}
