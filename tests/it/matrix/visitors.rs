//! Visitors reach nobody but those who come to them.

use serde_json::json;
use shared::ids::UserId;
use shared::model::Role;

use crate::hark::{World, on_both};

on_both! {
    a_visitor_starts_no_room,
    a_visitor_answers_who_wrote_to_them,
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

async fn a_visitor_answers_who_wrote_to_them(world: &World) {
    let hark = world.start().await;
    let (visitor, bob) = (hark.user_as("visitor", Role::Visitor).await, hark.user("bob").await);
    let app = hark.running.app();
    let room = app.rooms.direct(UserId(bob.id), UserId(visitor.id), app.clock.now()).await.unwrap().id;
    let mut socket = hark.connect(&visitor).await;
    let ack = socket.ask(&json!({"type": "message", "to": "bob", "content": "hello"})).await;
    assert_eq!(ack["room_id"], room.0, "{ack}");
    hark.stop().await;
}
