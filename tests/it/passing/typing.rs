use serde_json::{Value, json};

use crate::hark::{World, on_both};

on_both! {
    the_others_are_told_and_nobody_is_answered,
    typing_is_told_once_a_second_and_stopping_at_once,
    the_first_documents_typing_is_understood,
    typing_to_a_stranger_makes_no_room,
    who_is_not_in_the_room_types_unseen,
    nobody_is_told_in_a_room_past_the_limit,
}

fn typing(room: i64, state: &str) -> Value {
    json!({"type": "typing", "room_id": room, "state": state})
}

async fn the_others_are_told_and_nobody_is_answered(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut anns_phone, mut bobs) =
        (hark.connect(&ann).await, hark.connect(&ann).await, hark.connect(&bob).await);
    anns.send(&json!({"type": "typing", "room_id": room, "state": "typing", "id": "t1"})).await;
    let told = bobs.next_of("typing").await;
    let expected =
        json!({"type": "typing", "room_id": room, "user_id": ann.id, "name": "ANN", "state": "typing"});
    assert_eq!(told, expected);
    assert_eq!(anns.ask(&json!({"type": "heartbeat", "id": "h"})).await["id"], "h", "the first answer");
    for socket in [&mut anns, &mut anns_phone] {
        assert!(socket.heard("typing").await.is_empty());
    }
    let standing = hark.standing(room).await;
    assert_eq!((standing.last_seq, standing.open), (0, 0), "nothing is stored");
    hark.stop().await;
}

async fn typing_is_told_once_a_second_and_stopping_at_once(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.send(&typing(room, "typing")).await;
    assert_eq!(bobs.next_of("typing").await["state"], "typing");
    anns.send(&typing(room, "typing")).await;
    anns.send(&typing(room, "stop_typing")).await;
    assert_eq!(bobs.next_of("typing").await["state"], "stop_typing", "the second typing came too early");
    hark.stop().await;
}

async fn the_first_documents_typing_is_understood(world: &World) {
    let hark = world.start().await;
    let (user1, user2) = (hark.user("user1").await, hark.user("user2").await);
    let (mut one, mut two) = (hark.connect(&user1).await, hark.connect(&user2).await);
    let chat = json!({"type": "CHAT_MESSAGE", "receiverId": "user2", "content": "hello"});
    let room = one.ask(&chat).await["room_id"].clone();
    for state in ["typing", "stop_typing"] {
        two.send(&json!({"type": "TYPING", "receiverId": "user1", "chatId": "chat123", "content": state}))
            .await;
        let told = one.next_of("typing").await;
        assert_eq!((&told["room_id"], &told["state"]), (&room, &json!(state)));
    }
    two.refused("invalid", json!({"type": "TYPING", "receiverId": "user1", "content": "dancing"})).await;
    hark.stop().await;
}

async fn typing_to_a_stranger_makes_no_room(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.send(&json!({"type": "typing", "to": "bob", "state": "typing"})).await;
    anns.send(&json!({"type": "typing", "to": bob.id, "state": "typing"})).await;
    anns.refused("not_found", json!({"type": "typing", "to": "nobody", "state": "typing"})).await;
    anns.refused("invalid", json!({"type": "typing", "to": "ann", "state": "typing"})).await;
    assert!(bobs.heard("typing").await.is_empty());
    assert_eq!((hark.rooms_of(&ann).await, hark.rooms_of(&bob).await), (0, 0));
    hark.stop().await;
}

async fn who_is_not_in_the_room_types_unseen(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut bobs, mut eves) = (hark.connect(&bob).await, hark.connect(&eve).await);
    eves.refused("forbidden", typing(room, "typing")).await;
    eves.refused("not_found", typing(room + 1, "typing")).await;
    eves.refused("invalid", json!({"type": "typing", "room_id": room})).await;
    assert!(bobs.heard("typing").await.is_empty());
    hark.stop().await;
}

async fn nobody_is_told_in_a_room_past_the_limit(world: &World) {
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "2")]).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let (at, past) = (hark.group(&ann, &[&bob]).await, hark.group(&ann, &[&bob, &eve]).await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.send(&typing(past, "typing")).await;
    anns.ask(&json!({"type": "heartbeat"})).await;
    anns.send(&typing(at, "typing")).await;
    assert_eq!(bobs.next_of("typing").await["room_id"], at);
    hark.stop().await;
}
