//! Editing and recalling over socket and HTTP.

use http::Method;
use serde_json::{Value, json};
use shared::frames::OUTGOING_FRAME_MAX_BYTES;
use shared::model::RoomType;

use crate::hark::{Client, Hark, World, eventually, on_both};
use crate::stage::Stage;

async fn messages(hark: &Hark, client: &Client, room: i64) -> Value {
    hark.get(client, &format!("/api/v1/rooms/{room}/messages")).await.expect(200)["messages"].clone()
}

async fn an_edit_reaches_everyone_and_changes_what_is_read(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut phone, mut laptop) = (hark.connect(&ann).await, hark.connect(&ann).await);
    let mut bobs = hark.connect(&bob).await;
    let said = phone.say(room, "helo").await;
    let edit = json!({"type": "edit", "message_id": said["message_id"], "content": " hello ", "id": "e1"});
    let ack = phone.ask(&edit).await;
    assert_eq!((&ack["type"], &ack["id"], &ack["seq"]), (&json!("ack"), &json!("e1"), &json!(2)), "{ack}");
    assert_eq!((&ack["message_id"], &ack["room_id"]), (&said["message_id"], &json!(room)));
    for socket in [&mut bobs, &mut laptop] {
        let frame = socket.next_of("edited").await;
        let expected = json!({
            "type": "edited", "message_id": said["message_id"], "room_id": room, "seq": 2, "target_seq": 1,
            "sender_id": ann.id, "sender_name": "ANN", "content": "hello", "timestamp": ack["timestamp"],
        });
        assert_eq!(frame, expected);
    }
    assert!(phone.heard("edited").await.is_empty(), "the editor's own connection has its ack");

    let read = messages(&hark, &bob, room).await;
    assert_eq!((&read[0]["content"], &read[0]["edited_at"]), (&json!("hello"), &ack["timestamp"]));
    assert_eq!((&read[0]["seq"], read.as_array().unwrap().len()), (&json!(1), 1));
    let listed = hark.get(&bob, "/api/v1/rooms").await.expect(200)["rooms"][0].clone();
    assert_eq!((&listed["last_message"], &listed["last_seq"]), (&read[0], &json!(2)));
    assert_eq!(listed["unread_count"], 1, "an edit is nothing to be read");

    assert_eq!(phone.ask(&edit).await, ack, "the same again is the same answer");
    let mut other = edit.clone();
    other["content"] = json!("something else");
    other["id"] = json!("e1");
    let refused = phone.ask(&other).await;
    assert_eq!(refused["code"], "conflict", "{refused}");
    assert_eq!(hark.standing(room).await.last_seq, 2);
    hark.stop().await;
}

async fn a_recall_leaves_nothing_behind(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let first = anns.say(room, "first").await;
    let rich = json!({
        "type": "message", "room_id": room, "content": "the secret", "reply_to": first["message_id"],
        "metadata": {"also": "the secret"},
    });
    let said = bobs.ask(&rich).await;
    bobs.ask(&json!({"type": "edit", "message_id": said["message_id"], "content": "the secret!"})).await;
    let recall = json!({"type": "recall", "message_id": said["message_id"], "id": "r1"});
    let ack = bobs.ask(&recall).await;
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(4)), "{ack}");
    let frame = anns.next_of("recalled").await;
    let expected = json!({
        "type": "recalled", "message_id": said["message_id"], "room_id": room, "seq": 4, "target_seq": 2,
        "sender_id": bob.id, "sender_name": "BOB", "timestamp": ack["timestamp"],
    });
    assert_eq!(frame, expected);

    let read = messages(&hark, &ann, room).await[1].clone();
    assert_eq!((&read["recalled"], &read["content"]), (&json!(true), &json!("")));
    assert!(read.get("metadata").is_none() && read.get("reply_to").is_none(), "{read}");
    let resumed = anns.ask(&json!({"type": "resume", "rooms": {room.to_string(): 0}})).await;
    assert!(!resumed.to_string().contains("secret"), "{resumed}");
    assert_eq!(bobs.ask(&recall).await, ack);
    let again = json!({"type": "edit", "message_id": said["message_id"], "content": "back"});
    assert_eq!(bobs.refused("conflict", again).await, "the message was recalled");
    hark.stop().await;
}

async fn over_http_it_is_the_same(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    let messages_of = format!("/api/v1/rooms/{room}/messages");
    let said = hark.post(&bob, &messages_of, &json!({"content": "one"})).await.expect(201);
    let path = format!("{messages_of}/{}", said["message_id"].as_str().unwrap());
    let edit = async |method: Method, content: &str, id: &str| {
        let body = json!({"content": content, "id": id});
        hark.request(method, &path, &bob.token, Some(&body)).await
    };
    let ack = edit(Method::PATCH, "two", "e1").await.expect(200);
    assert_eq!((&ack["seq"], &ack["message_id"]), (&json!(2), &said["message_id"]));
    assert_eq!(anns.next_of("edited").await["content"], "two");
    assert_eq!(edit(Method::PUT, "two", "e1").await.expect(200), ack);
    edit(Method::PATCH, "three", "e1").await.refused(409, "conflict");
    edit(Method::PATCH, " ", "e2").await.refused(400, "invalid");
    assert_eq!(edit(Method::PUT, "three", "e2").await.expect(200)["seq"], 3);

    let recall_as = async |client: &Client, path: &str, key: &'static str| {
        let request = hark.to(Method::DELETE, path).bearer_auth(&client.token);
        crate::hark::answer(request.header("idempotency-key", key)).await
    };
    let recall = async |client: &Client, path: &str| recall_as(client, path, "r1").await;
    // Ann owns the room.
    let ack = recall(&ann, &path).await.expect(200);
    assert_eq!((&ack["seq"], recall(&ann, &path).await.expect(200)), (&json!(4), ack.clone()));
    recall(&bob, &path).await.refused(409, "conflict");
    recall(&ann, &format!("{messages_of}/not-an-id")).await.refused(400, "invalid");
    let nothing = format!("{messages_of}/{}", uuid::Uuid::now_v7());
    recall_as(&ann, &nothing, "r2").await.refused(404, "not_found");
    assert_eq!(hark.standing(room).await.last_seq, 4);
    hark.stop().await;
}

async fn who_may_not_changes_nothing(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    let [mut anns, mut bobs, mut eves] =
        [hark.connect(&ann).await, hark.connect(&bob).await, hark.connect(&eve).await];
    let said = bobs.say(room, "bob's").await;
    let anns_own = anns.say(room, "ann's").await;
    let edit = |of: &Value| json!({"type": "edit", "message_id": of["message_id"], "content": "changed"});
    let recall = |of: &Value| json!({"type": "recall", "message_id": of["message_id"]});
    anns.refused("forbidden", edit(&said)).await;
    bobs.refused("forbidden", edit(&anns_own)).await;
    bobs.refused("forbidden", recall(&anns_own)).await;
    eves.refused("not_found", edit(&said)).await;
    eves.refused("not_found", recall(&said)).await;
    let path = format!("/api/v1/rooms/{room}/messages/{}", said["message_id"].as_str().unwrap());
    let body = json!({"content": "changed"});
    hark.request(Method::PATCH, &path, &eve.token, Some(&body)).await.refused(403, "forbidden");
    hark.request(Method::DELETE, &path, &eve.token, None).await.refused(403, "forbidden");
    for frame in [json!({"type": "edit", "message_id": "x", "content": "y"}), json!({"type": "recall"})] {
        assert!(anns.refused("invalid", frame).await.contains("message_id"));
    }
    let read = messages(&hark, &ann, room).await;
    assert_eq!((&read[0]["content"], &read[1]["content"]), (&json!("bob's"), &json!("ann's")));
    assert_eq!(hark.standing(room).await.last_seq, 2);
    hark.stop().await;
}

async fn a_message_can_be_changed_until_its_time_is_over(world: &World) {
    let stage = Stage::on(world).await;
    let (ann, bob) = (stage.user("ann").await, stage.user("bob").await);
    let room = stage.room(RoomType::Group, "team", &[ann, bob]).await;
    let (anns, bobs) = (stage.connect(ann).await, stage.connect(bob).await);
    for (kind, window_ms) in [("edit", 900_000), ("recall", 120_000)] {
        let say = json!({"type": "message", "room_id": room.0, "content": "said"});
        let said = stage.ask(&bobs, &say).await;
        let frame = |id| json!({"type": kind, "message_id": said["message_id"], "content": "new", "id": id});
        stage.pass(window_ms + 1);
        let late = stage.ask(&bobs, &frame("late")).await;
        assert_eq!(
            (&late["code"], &late["message"]),
            (&json!("forbidden"), &json!("the message is too old to be changed"))
        );
        stage.pass(-1);
        assert_eq!(stage.ask(&bobs, &frame(kind)).await["type"], "ack", "at the limit");
    }
    // Ann owns the room.
    let say = json!({"type": "message", "room_id": room.0, "content": "old"});
    let said = stage.ask(&bobs, &say).await;
    stage.pass(24 * 60 * 60 * 1000);
    let recall = json!({"type": "recall", "message_id": said["message_id"]});
    assert_eq!(stage.ask(&bobs, &recall).await["code"], "forbidden");
    assert_eq!(stage.ask(&anns, &recall).await["type"], "ack");
}

async fn an_edit_fits_into_a_frame(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut anns = hark.connect(&ann).await;
    let said = anns.say(room, "short").await;
    let edit =
        |content: String| json!({"type": "edit", "message_id": said["message_id"], "content": content});
    let heavy = "\u{1}".repeat(OUTGOING_FRAME_MAX_BYTES / 6 - 10);
    anns.refused("too_large", edit(heavy)).await;
    assert_eq!(anns.ask(&edit("字".repeat(8_000))).await["seq"], 2);
    anns.refused("invalid", edit("字".repeat(8_001))).await;
    hark.stop().await;
}

async fn the_copy_in_redis_follows(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut anns = hark.connect(&ann).await;
    let said = anns.say(room, "helo").await;
    let mut redis = world.services().redis.connection().await;
    let key = format!("chat:message:{}", said["message_id"].as_str().unwrap());
    let mut copy = async || -> Value {
        eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
        let copy: String = redis::cmd("GET").arg(&key).query_async(&mut redis).await.unwrap();
        serde_json::from_str(&copy).unwrap()
    };
    assert_eq!(copy().await["content"], "helo");
    anns.ask(&json!({"type": "edit", "message_id": said["message_id"], "content": "hello"})).await;
    assert_eq!(copy().await["content"], "hello");
    anns.ask(&json!({"type": "recall", "message_id": said["message_id"]})).await;
    let recalled = copy().await;
    assert_eq!((&recalled["content"], &recalled["recalled"]), (&json!(""), &json!(true)));
    hark.stop().await;
}

on_both! {
    an_edit_reaches_everyone_and_changes_what_is_read,
    a_recall_leaves_nothing_behind,
    over_http_it_is_the_same,
    who_may_not_changes_nothing,
    a_message_can_be_changed_until_its_time_is_over,
    an_edit_fits_into_a_frame,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_in_redis_follows_its_message() {
    crate::hark::on_services(the_copy_in_redis_follows).await;
}
