//! Visitors reach nobody but those who come to their session, and nobody reaches them elsewhere.

use serde_json::json;
use shared::model::Role;

use crate::hark::{World, on_both};

on_both! {
    a_visitor_starts_no_room,
    nobody_writes_to_a_visitor_or_brings_one_into_a_room,
}

async fn a_visitor_starts_no_room(world: &World) {
    let hark = world.start().await;
    let (visitor, bob) = (hark.user_as("visitor", Role::Visitor).await, hark.user("bob").await);
    let mut socket = hark.connect(&visitor).await;
    for frame in [
        json!({"type": "message", "to": "bob", "content": "hello"}),
        json!({"type": "message", "to": bob.id, "content": "hello"}),
        json!({"type": "CHAT_MESSAGE", "receiverId": bob.id, "chatId": "any", "content": "hello"}),
        json!({"type": "join_room", "room_id": "a new room"}),
    ] {
        socket.refused("forbidden", frame).await;
    }
    for kind in ["direct", "group", "public"] {
        let body = json!({"type": kind, "name": "mine", "member_ids": [bob.id]});
        hark.post(&visitor, "/api/v1/rooms", &body).await.refused(403, "forbidden");
    }
    assert_eq!((hark.rooms_of(&visitor).await, hark.rooms_of(&bob).await), (0, 0));
    hark.stop().await;
}

async fn nobody_writes_to_a_visitor_or_brings_one_into_a_room(world: &World) {
    let hark = world.start().await;
    let visitor = hark.visitor().await;
    for role in [Role::User, Role::Staff, Role::Service, Role::Admin] {
        let one = hark.user_as(&format!("{role:?}").to_lowercase(), role).await;
        let room = hark.group(&one, &[]).await;
        let mut socket = hark.connect(&one).await;
        for to in [json!(visitor.id), json!(visitor.username)] {
            for frame in [
                json!({"type": "message", "to": to, "content": "hello"}),
                json!({"type": "CHAT_MESSAGE", "receiverId": to, "chatId": "any", "content": "hello"}),
            ] {
                let sentence = socket.refused("forbidden", frame).await;
                assert!(sentence.starts_with("to: "), "{sentence}");
            }
        }
        let rooms = "/api/v1/rooms".to_owned();
        for (field, path, body) in [
            ("to", &rooms, json!({"type": "direct", "to": visitor.id})),
            ("to", &rooms, json!({"type": "direct", "to": visitor.username})),
            ("member_ids", &rooms, json!({"type": "direct", "member_ids": [visitor.id]})),
            ("member_ids", &rooms, json!({"type": "group", "name": "mine", "member_ids": [visitor.id]})),
            ("member_ids", &rooms, json!({"type": "public", "name": "ours", "member_ids": [visitor.id]})),
            ("member_ids", &format!("/api/v1/rooms/{room}/members"), json!({"member_ids": [visitor.id]})),
        ] {
            let sentence = hark.post(&one, path, &body).await.refused(403, "forbidden");
            assert!(sentence.starts_with(&format!("{field}: user {} ", visitor.id)), "{sentence}");
        }
        assert_eq!(hark.rooms_of(&one).await, 1);
    }
    assert_eq!(hark.rooms_of(&visitor).await, 0);
    hark.stop().await;
}
