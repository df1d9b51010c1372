//! What is refused once one is in: each with its own clear error, and nothing changed.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::hark::{Client, Hark, World, on_both};

/// Bytes.
const FRAME_MAX: usize = 32 * 1024;
/// Characters.
const CONTENT_MAX: usize = 8_000;

async fn a_private_room_is_closed_to_strangers(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    hark.connect(&ann).await.say(room, "between us").await;
    closed_to(&hark, room, &eve, "the room is joined by being added").await;
    hark.stop().await;
}

async fn anothers_direct_room_is_closed_to_strangers(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let body = json!({"type": "direct", "member_ids": [bob.id]});
    let room = hark.post(&ann, "/api/v1/rooms", &body).await.expect(201)["id"].as_i64().unwrap();
    hark.connect(&ann).await.say(room, "between us").await;
    closed_to(&hark, room, &eve, "").await;
    let admin = hark.user_as("admin", shared::model::Role::Admin).await;
    let seen = hark.get(&admin, &format!("/api/v1/rooms/{room}/messages")).await;
    seen.refused(403, "forbidden");
    hark.stop().await;
}

/// Sending, joining and reading are refused over socket and HTTP; the room is as it was.
async fn closed_to(hark: &Hark, room: i64, eve: &Client, joining: &str) {
    settled(hark).await;
    let before = hark.standing(room).await;
    let mut eves = hark.connect(eve).await;
    let send = json!({"type": "message", "room_id": room, "content": "let me in"});
    assert_eq!(eves.refused("forbidden", send).await, "not a member of the room");
    let chat = json!({"type": "CHAT_MESSAGE", "chatId": room, "content": "let me in"});
    assert_eq!(eves.refused("forbidden", chat).await, "not a member of the room");
    let said = eves.refused("forbidden", json!({"type": "join_room", "room_id": room})).await;
    assert!(said.contains(joining), "{said}");
    eves.refused("forbidden", json!({"type": "leave_room", "room_id": room})).await;

    let path = format!("/api/v1/rooms/{room}");
    let post = async |what: &str, body: &Value| hark.post(eve, &format!("{path}{what}"), body).await;
    post("/messages", &json!({"content": "let me in"})).await.refused(403, "forbidden");
    post("/join", &json!({})).await.refused(403, "forbidden");
    post("/members", &json!({"user_ids": [eve.id]})).await.refused(403, "forbidden");
    post("/read", &json!({})).await.refused(403, "forbidden");
    for what in ["", "/messages?page=1&page_size=20", "/messages?after=0", "/members"] {
        hark.get(eve, &format!("{path}{what}")).await.refused(403, "forbidden");
    }
    assert_eq!(hark.standing(room).await, before);
    assert_eq!(hark.rooms_of(eve).await, 0);
    assert!(eves.heard("message").await.is_empty());
}

/// Waits until what was sent before is settled, so that rows can be compared.
async fn settled(hark: &Hark) {
    crate::hark::eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
}

async fn content_is_1_to_8000_characters(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let path = format!("/api/v1/rooms/{room}/messages");
    let long = "字".repeat(CONTENT_MAX + 1);
    for (content, problem) in [
        ("", "must not be empty"),
        (" \n\t ", "must not be empty"),
        (long.as_str(), "has 8001 characters, 8000 at most"),
    ] {
        let frame = json!({"type": "message", "room_id": room, "content": content});
        assert_eq!(anns.refused("invalid", frame).await, format!("content: {problem}"));
        let said = hark.post(&ann, &path, &json!({"content": content})).await.refused(400, "invalid");
        assert_eq!(said, format!("content: {problem}"));
    }
    assert_eq!(hark.standing(room).await.last_seq, 0);

    let most = "字".repeat(CONTENT_MAX);
    assert_eq!(anns.say(room, &most).await["seq"], 1);
    assert_eq!(bobs.next_of("message").await["content"], most.as_str());
    // Escapes make more bytes of the same characters: the frame that goes out has a limit of its own.
    let heavy = "\u{1}".repeat(CONTENT_MAX);
    let said = hark.post(&ann, &path, &json!({"content": heavy})).await.refused(413, "too_large");
    assert!(said.contains("30720 at most"), "{said}");
    assert_eq!(hark.standing(room).await.last_seq, 1);
    hark.stop().await;
}

async fn what_is_no_frame_is_answered_with_what_is_wrong(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut socket = hark.connect(&ann).await;
    for (text, problem) in [
        ("not json", "body: is not JSON"),
        ("", "body: is not JSON"),
        ("{\"type\":\"message\"", "body: is not JSON"),
        ("[1]", "body: must be a JSON object"),
        ("{\"type\":\"dance\"}", "type: \"dance\" is not a frame type"),
        ("{\"type\":\"message\",\"content\":\"to whom?\"}", "room_id: or `to` is missing"),
    ] {
        socket.send_raw(Message::text(text)).await;
        let error = socket.reply().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("invalid")), "{text}: {error}");
        assert_eq!(error["message"], problem, "{text}");
    }
    let request = hark.to(http::Method::POST, &format!("/api/v1/rooms/{room}/messages"));
    let request = request.bearer_auth(&ann.token).header("content-type", "application/json").body("not json");
    assert_eq!(crate::hark::answer(request).await.refused(400, "invalid"), "body: is not JSON");
    assert_eq!(hark.standing(room).await.last_seq, 0);
    assert_eq!(socket.say(room, "still here").await["seq"], 1, "the socket stays open");
    hark.stop().await;
}

async fn frames_and_messages_over_the_gateways_limits_close_the_socket(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;

    let mut socket = hark.connect(&ann).await;
    socket.send_raw(Message::text(frame_of(room, FRAME_MAX))).await;
    assert_eq!(socket.reply().await["seq"], 1, "exactly 32 KiB pass");
    socket.send_raw(Message::text(frame_of(room, FRAME_MAX + 1))).await;
    assert_eq!(socket.close_code().await, 1009);

    let mut socket = hark.connect(&ann).await;
    for fragment in fragments(&frame_of(room, 4 * FRAME_MAX)) {
        socket.send_raw(fragment).await;
    }
    assert_eq!(socket.reply().await["seq"], 2, "exactly 128 KiB pass, in frames of 32");
    for fragment in fragments(&frame_of(room, 4 * FRAME_MAX + 1)) {
        socket.send_raw(fragment).await;
    }
    assert_eq!(socket.close_code().await, 1009);

    let mut socket = hark.connect(&ann).await;
    socket.send_raw(Message::binary(frame_of(room, 100).into_bytes())).await;
    assert_eq!(socket.close_code().await, 1003);
    assert_eq!(hark.standing(room).await.last_seq, 2, "what was cut off stored nothing");
    hark.stop().await;
}

/// A sendable message of exactly so many bytes, most of them in a field that is ignored.
fn frame_of(room: i64, bytes: usize) -> String {
    let frame = |padding: usize| {
        json!({"type": "message", "room_id": room, "content": "full", "padding": "x".repeat(padding)})
            .to_string()
    };
    let text = frame(bytes - frame(0).len());
    assert_eq!(text.len(), bytes);
    text
}

/// The text as one message of frames that are each within the limit.
fn fragments(text: &str) -> Vec<Message> {
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(FRAME_MAX).collect();
    let last = chunks.len() - 1;
    let frame = |(n, chunk): (usize, &&[u8])| {
        let kind = if n == 0 { Data::Text } else { Data::Continue };
        Message::Frame(Frame::message(chunk.to_vec(), OpCode::Data(kind), n == last))
    };
    chunks.iter().enumerate().map(frame).collect()
}

async fn a_name_is_registered_once_and_passwords_have_six_characters(world: &World) {
    let hark = world.start().await;
    let register = async |username: &str, password: &str| {
        let body = json!({"username": username, "nickname": "N", "password": password});
        hark.post_as_nobody("/api/v1/auth/register", &body).await
    };
    register("ann", "123456").await.expect(201);
    for name in ["ann", "ANN"] {
        assert_eq!(register(name, "654321").await.refused(409, "conflict"), "username: is taken");
    }
    let said = register("bob", "12345").await.refused(400, "invalid");
    assert_eq!(said, "password: must have 6 characters at least");
    let said = register("12345", "123456").await.refused(400, "invalid");
    assert!(said.starts_with("username: "), "{said}");

    let login = async |username: &str, password: &str| {
        hark.post_as_nobody("/api/v1/auth/login", &json!({"username": username, "password": password})).await
    };
    login("ann", "123456").await.expect(200);
    let wrong = login("ann", "654321").await.refused(401, "unauthenticated");
    assert_eq!(login("bob", "12345").await.refused(401, "unauthenticated"), wrong, "says not who exists");
    hark.stop().await;
}

async fn who_sends_too_fast_is_told_when_to_come_again(world: &World) {
    let hark = world.start_with(&[("RATE_LIMIT_MESSAGES", "1"), ("RATE_LIMIT_BURST", "3")]).await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut socket = hark.connect(&ann).await;
    for _ in 0..20 {
        socket.send(&json!({"type": "message", "room_id": room, "content": "hi"})).await;
    }
    let (mut stored, mut limited) = (0, 0);
    for _ in 0..20 {
        let reply = socket.reply().await;
        match reply["code"].as_str() {
            Some("rate_limited") => {
                assert!(reply["retry_after_ms"].as_u64().unwrap() > 0, "{reply}");
                limited += 1;
            }
            _ => stored += 1,
        }
    }
    assert!(limited > 0, "20 at once are more than 3");
    assert_eq!(hark.standing(room).await.last_seq, stored);
    hark.stop().await;
}

on_both! {
    a_private_room_is_closed_to_strangers,
    anothers_direct_room_is_closed_to_strangers,
    content_is_1_to_8000_characters,
    what_is_no_frame_is_answered_with_what_is_wrong,
    frames_and_messages_over_the_gateways_limits_close_the_socket,
    a_name_is_registered_once_and_passwords_have_six_characters,
    who_sends_too_fast_is_told_when_to_come_again,
}
