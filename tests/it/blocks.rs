//! Who blocks somebody hears nothing from them in the pair's own room, and isn't brought together with them.

use http::Method;
use serde_json::{Value, json};

use crate::hark::{Client, Hark, Socket, World, on_both};

/// All that who is blocked is told.
const NEUTRAL: &str = "not possible with this user";

on_both! {
    a_list_is_kept_over_http,
    a_list_has_its_limit,
    who_is_blocked_reaches_nobody_over_socket_and_http,
    who_is_blocked_brings_nobody_together,
    in_passing_a_blocked_pair_is_told_nothing,
    a_pair_that_is_blocked_in_a_group_is_told_nothing_of_the_other,
    in_a_shared_group_messages_still_arrive,
    a_direct_room_is_found_by_id_and_by_name,
    nobody_has_a_direct_room_alone,
}

async fn call(hark: &Hark, client: &Client, method: Method, who: impl std::fmt::Display) -> u16 {
    let path = format!("/api/v1/users/me/blocks/{who}");
    hark.request(method, &path, &client.token, None).await.status
}

async fn block(hark: &Hark, client: &Client, whom: &Client) {
    assert_eq!(call(hark, client, Method::PUT, whom.id).await, 204);
}

async fn blocks(hark: &Hark, client: &Client) -> Vec<i64> {
    let list = hark.get(client, "/api/v1/users/me/blocks").await.expect(200);
    list["blocks"].as_array().unwrap().iter().map(|blocked| blocked["id"].as_i64().unwrap()).collect()
}

async fn a_list_is_kept_over_http(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    assert_eq!(call(&hark, &ann, Method::PUT, "bob").await, 204);
    assert_eq!(call(&hark, &ann, Method::POST, eve.id).await, 204);
    assert_eq!(call(&hark, &ann, Method::PUT, bob.id).await, 204, "again without harm");
    let mut both = blocks(&hark, &ann).await;
    both.sort_unstable();
    assert_eq!(both, [bob.id, eve.id]);
    assert_eq!(blocks(&hark, &bob).await, [0_i64; 0], "one's own list is one's own");
    let page = hark.get(&ann, "/api/v1/users/me/blocks?page=2&page_size=1").await.expect(200);
    assert_eq!((&page["page"], &page["page_size"], &page["total"]), (&json!(2), &json!(1), &json!(2)));
    assert_eq!(page["blocks"].as_array().unwrap().len(), 1);

    assert_eq!(call(&hark, &ann, Method::DELETE, "bob").await, 204);
    assert_eq!(call(&hark, &ann, Method::DELETE, bob.id).await, 204, "none is no error");
    assert_eq!(blocks(&hark, &ann).await, [eve.id]);
    for (method, who, status) in [
        (Method::PUT, ann.id.to_string(), 400),
        (Method::PUT, "ann".to_owned(), 400),
        (Method::PUT, "999999".to_owned(), 404),
        (Method::PUT, "nobody".to_owned(), 404),
        (Method::DELETE, "nobody".to_owned(), 404),
    ] {
        assert_eq!(call(&hark, &ann, method, &who).await, status, "{who}");
    }
    assert_eq!(blocks(&hark, &ann).await, [eve.id]);
    hark.stop().await;
}

async fn a_list_has_its_limit(world: &World) {
    let hark = world.start_with(&[("BLOCKS_MAX", "2")]).await;
    let (ann, others) = (hark.user("ann").await, hark.users("user", 3).await);
    block(&hark, &ann, &others[0]).await;
    block(&hark, &ann, &others[1]).await;
    let path = format!("/api/v1/users/me/blocks/{}", others[2].id);
    let said = hark.post(&ann, &path, &json!({})).await.refused(409, "conflict");
    assert!(said.starts_with("2 blocks at most"), "{said}");
    assert_eq!(blocks(&hark, &ann).await.len(), 2);
    hark.stop().await;
}

async fn who_is_blocked_reaches_nobody_over_socket_and_http(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let first = json!({"type": "message", "to": "ann", "content": "before", "id": "m1"});
    let ack = bobs.ask(&first).await;
    let room = ack["room_id"].as_i64().unwrap();
    anns.next_of("message").await;
    block(&hark, &ann, &bob).await;
    assert!(bobs.heard("system").await.is_empty(), "nobody is told of a block");

    for frame in [
        json!({"type": "message", "room_id": room, "content": "let me in"}),
        json!({"type": "message", "to": ann.id, "content": "let me in"}),
        json!({"type": "CHAT_MESSAGE", "receiverId": "ann", "chatId": "chat123", "content": "let me in"}),
        json!({"type": "edit", "message_id": ack["message_id"], "content": "let me in"}),
    ] {
        assert_eq!(bobs.refused("forbidden", frame).await, NEUTRAL);
    }
    let path = format!("/api/v1/rooms/{room}/messages");
    let said = hark.post(&bob, &path, &json!({"content": "let me in"})).await.refused(403, "forbidden");
    assert_eq!(said, NEUTRAL);
    assert_eq!(bobs.ask(&first).await, ack, "what was sent before is answered as before");
    assert_eq!(hark.standing(room).await.last_seq, 1);
    // The repeat may have delivered the first one again.
    assert!(anns.heard("message").await.iter().all(|message| message["content"] == "before"));
    assert!(anns.heard("edited").await.is_empty());

    anns.say(room, "I may").await;
    assert_eq!(bobs.next_of("message").await["content"], "I may");
    assert_eq!(call(&hark, &ann, Method::DELETE, bob.id).await, 204);
    bobs.say(room, "thank you").await;
    assert_eq!(anns.next_of("message").await["content"], "thank you");
    hark.stop().await;
}

async fn who_is_blocked_brings_nobody_together(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let group = hark.group(&bob, &[&eve]).await;
    block(&hark, &ann, &bob).await;
    let mut bobs = hark.connect(&bob).await;
    let first = json!({"type": "message", "to": "ann", "content": "hello"});
    assert_eq!(bobs.refused("forbidden", first).await, NEUTRAL);
    let rooms = "/api/v1/rooms";
    for (path, body) in [
        (rooms.to_owned(), json!({"type": "direct", "member_ids": [ann.id]})),
        (rooms.to_owned(), json!({"type": "group", "name": "us", "member_ids": [eve.id, ann.id]})),
        (rooms.to_owned(), json!({"type": "public", "name": "all", "member_ids": [ann.id]})),
        (format!("{rooms}/{group}/members"), json!({"member_ids": [ann.id]})),
    ] {
        assert_eq!(hark.post(&bob, &path, &body).await.refused(403, "forbidden"), NEUTRAL, "{body}");
    }
    assert_eq!((hark.rooms_of(&ann).await, hark.rooms_of(&bob).await), (0, 1));
    let body = json!({"member_ids": [bob.id]});
    let anns = hark.group(&ann, &[]).await;
    hark.post(&ann, &format!("{rooms}/{anns}/members"), &body).await.expect(200);
    hark.stop().await;
}

async fn in_passing_a_blocked_pair_is_told_nothing(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let room = anns.ask(&json!({"type": "message", "to": bob.id, "content": "one"})).await["room_id"].clone();
    bobs.say(room.as_i64().unwrap(), "two").await;
    block(&hark, &ann, &bob).await;
    for socket in [&mut anns, &mut bobs] {
        let read = socket.ask(&json!({"type": "read_receipt", "room_id": room, "seq": 2})).await;
        assert_eq!((&read["type"], &read["seq"]), (&json!("ack"), &json!(2)), "the mark moves: {read}");
        socket.send(&json!({"type": "typing", "room_id": room, "state": "typing"})).await;
        socket.ask(&json!({"type": "heartbeat"})).await;
    }
    for kind in ["typing", "read_receipt"] {
        for socket in [&mut anns, &mut bobs] {
            assert_eq!(socket.heard(kind).await, [] as [Value; 0], "{kind}");
        }
    }
    hark.stop().await;
}

async fn a_pair_that_is_blocked_in_a_group_is_told_nothing_of_the_other(world: &World) {
    let hark = world.start_with(&[("OFFLINE_GRACE", "1")]).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob, &eve]).await;
    block(&hark, &ann, &bob).await;
    let mut eves = hark.connect(&eve).await;
    let mut anns = hark.connect(&ann).await;
    told_to(&mut eves, "status_update", &ann).await;
    let mut bobs = hark.connect(&bob).await;
    told_to(&mut eves, "status_update", &bob).await;
    for who in [&ann, &bob] {
        let (from, to) = if who.id == ann.id { (&mut anns, &mut bobs) } else { (&mut bobs, &mut anns) };
        from.ask(&json!({"type": "status_update", "status": "busy"})).await;
        from.send(&json!({"type": "typing", "room_id": room, "state": "typing"})).await;
        eves.say(room, "read me").await;
        to.say(room, "and me").await;
        from.ask(&json!({"type": "read_receipt", "room_id": room})).await;
        // Both would have been told before her, or with her.
        for kind in ["typing", "read_receipt", "status_update"] {
            told_to(&mut eves, kind, who).await;
            let heard = to.heard(kind).await;
            assert!(heard.iter().all(|frame| frame["user_id"] != who.id), "{heard:?}");
        }
    }
    for (viewer, of) in [(&ann, "bob"), (&bob, "ann")] {
        let path = format!("/api/chat/online/status/{of}");
        let seen = hark.get(viewer, &path).await.expect(200);
        assert_eq!((&seen["status"], &seen["last_seen"]), (&json!("offline"), &Value::Null), "{seen}");
        assert_eq!((&seen["connections"], &seen["endpoints"]), (&json!(0), &json!([])));
        assert_eq!(hark.get(&eve, &path).await.expect(200)["status"], "busy");
    }
    bobs.close().await;
    told_to(&mut eves, "status_update", &bob).await;
    let heard = anns.heard("status_update").await;
    assert!(heard.iter().all(|frame| frame["user_id"] != bob.id), "{heard:?}");
    hark.stop().await;
}

/// Waits until somebody is told of another.
async fn told_to(socket: &mut Socket, kind: &str, of: &Client) {
    let frame = socket.next_of(kind).await;
    assert_eq!(frame["user_id"], of.id, "{frame}");
}

async fn in_a_shared_group_messages_still_arrive(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    block(&hark, &ann, &bob).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    bobs.say(room, "to all").await;
    assert_eq!(anns.next_of("message").await["content"], "to all");
    hark.stop().await;
}

async fn a_direct_room_is_found_by_id_and_by_name(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let mut anns = hark.connect(&ann).await;
    let mut found: Vec<Value> = Vec::new();
    for to in [json!(bob.id), json!("bob"), json!("BOB"), json!(bob.id.to_string())] {
        let ack = anns.ask(&json!({"type": "message", "to": to, "content": "hi"})).await;
        found.push(ack["room_id"].clone());
        let made = hark.post(&ann, "/api/v1/rooms", &json!({"type": "direct", "to": to})).await;
        found.push(made.expect(201)["id"].clone());
    }
    let made = hark.post(&bob, "/api/v1/rooms", &json!({"type": "direct", "member_ids": [ann.id]})).await;
    found.push(made.expect(201)["id"].clone());
    assert!(found.iter().all(|room| room.is_i64() && *room == found[0]), "{found:?}");
    assert_eq!(hark.rooms_of(&ann).await, 1);
    hark.stop().await;
}

async fn nobody_has_a_direct_room_alone(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut anns = hark.connect(&ann).await;
    for to in [json!(ann.id), json!("ann")] {
        let frame = json!({"type": "message", "to": to, "content": "hi"});
        assert_eq!(anns.refused("invalid", frame).await, "to: is yourself");
        let body = json!({"type": "direct", "to": to});
        let said = hark.post(&ann, "/api/v1/rooms", &body).await.refused(400, "invalid");
        assert_eq!(said, "to: is yourself");
    }
    let body = json!({"type": "direct", "member_ids": [ann.id]});
    let said = hark.post(&ann, "/api/v1/rooms", &body).await.refused(400, "invalid");
    assert_eq!(said, "member_ids: is yourself");
    let body = json!({"type": "direct", "to": "nobody"});
    hark.post(&ann, "/api/v1/rooms", &body).await.refused(404, "not_found");
    assert_eq!(hark.rooms_of(&ann).await, 0);
    hark.stop().await;
}
