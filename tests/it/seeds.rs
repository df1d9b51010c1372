//! The paths, bodies and frames of the documents that Hark satisfies, word for word.

use http::Method;
use serde_json::{Value, json};

use crate::hark::{Client, Hark, Socket, World, on_both};

/// Registers with exactly the document's body, and logs in with exactly the document's body.
async fn testuser(hark: &Hark) -> Client {
    let body = json!({
        "username": "testuser",
        "nickname": "测试用户",
        "email": "test@example.com",
        "password": "123456"
    });
    let registered = hark.post_as_nobody("/api/v1/auth/register", &body).await.expect(201);
    let body = json!({"username": "testuser", "password": "123456"});
    let login = hark.post_as_nobody("/api/v1/auth/login", &body).await.expect(200);
    assert_eq!(login["user"], registered["user"]);
    assert_eq!(login["user"]["nickname"], "测试用户");
    assert!(login["expires_at"].as_i64().unwrap() > 1_700_000_000_000);
    Client {
        id: login["user"]["id"].as_i64().unwrap(),
        username: "testuser".to_owned(),
        token: login["token"].as_str().unwrap().to_owned(),
    }
}

async fn a_chat_service_by_its_document(world: &World) {
    let hark = world.start().await;
    let user = testuser(&hark).await;
    let others = hark.users("user", 3).await;
    assert_eq!(others.iter().map(|other| other.id).collect::<Vec<_>>(), [2, 3, 4], "the first users");

    let body =
        json!({"name": "群聊名称", "description": "群聊描述", "type": "group", "member_ids": [2, 3, 4]});
    let room = hark.post(&user, "/api/v1/rooms", &body).await.expect(201);
    assert_eq!((&room["name"], &room["description"]), (&json!("群聊名称"), &json!("群聊描述")));
    assert_eq!((&room["type"], &room["member_count"]), (&json!("group"), &json!(4)));
    assert_eq!(room["id"], 1, "the document's room");

    let mut socket = hark.open(&format!("/api/v1/ws?token={}", user.token), &[]).await.unwrap();
    let mut other = hark.open(&format!("/api/v1/ws?token={}", others[0].token), &[]).await.unwrap();
    let ack = socket.ask(&json!({"type": "message", "room_id": 1, "content": "Hello, World!"})).await;
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(1)), "{ack}");
    let got = other.next_of("message").await;
    assert_eq!((&got["content"], &got["sender_name"]), (&json!("Hello, World!"), &json!("测试用户")));

    let page = hark.get(&user, "/api/v1/rooms/1/messages?page=1&page_size=20").await.expect(200);
    assert_eq!((&page["page"], &page["page_size"], &page["total"]), (&json!(1), &json!(20), &json!(1)));
    assert_eq!(page["messages"][0]["message_id"], ack["message_id"]);
    let rooms = hark.get(&user, "/api/v1/rooms").await.expect(200);
    assert_eq!(rooms["rooms"][0]["last_message"]["content"], "Hello, World!");
    hark.stop().await;
}

async fn history_comes_in_pages_of_twenty_newest_first(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut socket = hark.connect(&ann).await;
    for n in 1..=45 {
        socket.say(room, &format!("message {n}")).await;
    }
    let seqs = async |page: u32| -> Vec<i64> {
        let path = format!("/api/v1/rooms/{room}/messages?page={page}&page_size=20");
        let page = hark.get(&ann, &path).await.expect(200);
        page["messages"].as_array().unwrap().iter().map(|message| message["seq"].as_i64().unwrap()).collect()
    };
    assert_eq!(seqs(1).await, (26..=45).collect::<Vec<_>>());
    assert_eq!(seqs(2).await, (6..=25).collect::<Vec<_>>());
    assert_eq!(seqs(3).await, (1..=5).collect::<Vec<_>>());
    assert_eq!(seqs(4).await, Vec::<i64>::new());
    hark.stop().await;
}

async fn a_realtime_chat_service_by_its_document(world: &World) {
    let hark = world.start().await;
    let (one, two) = (hark.user("user1").await, hark.user("user2").await);
    let open = async |user: &Client| {
        let path = format!("/ws?userId={}&token={}", user.username, user.token);
        hark.open(&path, &[]).await.unwrap()
    };
    let (mut ones, mut twos) = (open(&one).await, open(&two).await);
    let frame = json!({
        "type": "CHAT_MESSAGE",
        "senderId": "user1",
        "receiverId": "user2",
        "chatId": "chat123",
        "content": "Hello from node1!",
        "timestamp": 1_640_995_200_000_i64
    });
    let ack = ones.ask(&frame).await;
    let got = twos.next_of("message").await;
    assert_eq!((&got["content"], &got["sender_id"]), (&json!("Hello from node1!"), &json!(one.id)));
    assert_eq!(got["message_id"], ack["message_id"]);
    assert!(ack["timestamp"].as_i64().unwrap() > 1_640_995_200_000, "the server's time counts");

    let beat = ones.ask(&json!({"type": "HEARTBEAT", "content": "ping"})).await;
    assert_eq!((&beat["type"], &beat["content"]), (&json!("heartbeat"), &json!("pong")));
    assert_eq!(beat["interval_ms"], 30_000);

    let health = hark.get(&one, "/api/chat/health").await.expect(200);
    assert_eq!(health["status"], "Healthy", "{health}");
    let status = hark.get(&one, "/api/chat/online/status/user2").await.expect(200);
    assert_eq!((&status["status"], &status["connections"]), (&json!("online"), &json!(1)), "{status}");
    let stats = hark.get(&one, "/api/chat/online/stats").await.expect(200);
    assert_eq!((&stats["online_users"], &stats["connections"]), (&json!(2), &json!(2)), "{stats}");
    hark.stop().await;
}

/// A POST without a body, as the document has it.
async fn bodiless(hark: &Hark, client: &Client, path: &str) -> Value {
    hark.request(Method::POST, path, &client.token, None).await.expect(200)
}

async fn every_spelling_works_on_every_path(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    for user in [&ann, &bob] {
        bodiless(&hark, user, "/api/v1/rooms/general/join").await;
    }
    let mut bobs = hark.connect(&bob).await;
    let spellings = [
        json!({"type": "message", "room_id": room}),
        json!({"type": "chat", "data": {"room": "general"}}),
        json!({"type": "CHAT_MESSAGE", "receiverId": "bob", "chatId": "chat123", "timestamp": 1}),
    ];
    for path in ["/", "/ws", "/ws/chat?userId=ann", "/ws/client123", "/api/v1/ws"] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut socket = hark.open(&format!("{path}{separator}token={}", ann.token), &[]).await.unwrap();
        for spelling in &spellings {
            exchange(&mut socket, &mut bobs, spelling.clone(), path).await;
        }
        socket.close().await;
    }
    hark.stop().await;
}

/// Sends a frame whose content says how it went, and sees it arrive.
async fn exchange(from: &mut Socket, to: &mut Socket, mut frame: Value, path: &str) {
    let content = format!("{} on {path}", frame["type"]);
    match frame["type"].as_str() {
        Some("chat") => frame["data"]["message"] = json!(content),
        _ => frame["content"] = json!(content),
    }
    let ack = from.ask(&frame).await;
    assert_eq!(ack["type"], "ack", "{content}: {ack}");
    let got = to.next_of("message").await;
    assert_eq!((&got["content"], &got["seq"]), (&json!(content), &ack["seq"]));
}

async fn rooms_are_joined_and_left_over_the_socket(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let made = anns.ask(&json!({"type": "join_room", "room_id": "lobby", "id": 1})).await;
    let joined = bobs.ask(&json!({"type": "join_room", "room_id": "lobby", "id": 2})).await;
    assert_eq!((&joined["type"], &joined["id"], &joined["last_seq"]), (&json!("ack"), &json!(2), &json!(0)));
    assert_eq!(joined["room_id"], made["room_id"], "the first to join makes it");
    let who = |event: &Value| event["users"][0]["username"].clone();
    assert_eq!(who(&anns.next_event("member_joined").await), "ann");
    assert_eq!(who(&anns.next_event("member_joined").await), "bob");

    let left = bobs.ask(&json!({"type": "leave_room", "room_id": made["room_id"]})).await;
    assert_eq!(left["type"], "ack", "{left}");
    assert_eq!(who(&anns.next_event("member_left").await), "bob");
    anns.ask(&json!({"type": "chat", "data": {"message": "alone", "room": "lobby"}})).await;
    assert!(bobs.heard("message").await.is_empty());
    hark.stop().await;
}

on_both! {
    a_chat_service_by_its_document,
    history_comes_in_pages_of_twenty_newest_first,
    a_realtime_chat_service_by_its_document,
    every_spelling_works_on_every_path,
    rooms_are_joined_and_left_over_the_socket,
}
