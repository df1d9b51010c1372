use serde_json::{Value, json};

use crate::hark::{Client, Hark, World, eventually, on_both};

on_both! {
    a_receipt_reaches_the_sender_and_the_readers_other_devices,
    the_last_receipt_of_a_burst_is_told,
    a_receipt_names_a_message_or_a_place,
    the_first_documents_receipt_is_understood,
    a_mark_never_moves_back,
    who_is_not_in_the_room_marks_nothing,
    a_mark_over_http_is_told_too,
    nobody_is_told_in_a_room_past_the_limit,
}

async fn unread(hark: &Hark, client: &Client) -> i64 {
    hark.get(client, "/api/v1/rooms").await.expect(200)["rooms"][0]["unread_count"].as_i64().unwrap()
}

fn receipt(room: i64, seq: i64) -> Value {
    json!({"type": "read_receipt", "room_id": room, "seq": seq})
}

async fn a_receipt_reaches_the_sender_and_the_readers_other_devices(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob, &eve]).await;
    let (mut anns, mut anns_phone) = (hark.connect(&ann).await, hark.connect(&ann).await);
    let (mut bobs, mut bobs_phone, mut eves) =
        (hark.connect(&bob).await, hark.connect(&bob).await, hark.connect(&eve).await);
    anns.say(room, "one").await;
    anns.say(room, "two").await;

    let ack = bobs.ask(&json!({"type": "read_receipt", "room_id": room, "seq": 2, "id": 7})).await;

    assert_eq!(ack, json!({"type": "ack", "id": 7, "room_id": room, "seq": 2}));
    for socket in [&mut anns, &mut anns_phone, &mut bobs_phone] {
        let told = socket.next_of("read_receipt").await;
        assert!(told["timestamp"].as_i64().unwrap() > 1_700_000_000_000, "{told}");
        let said = (&told["room_id"], &told["user_id"], &told["seq"]);
        assert_eq!(said, (&json!(room), &json!(bob.id), &json!(2)));
    }
    assert!(eves.heard("read_receipt").await.is_empty(), "nothing of hers was read");
    assert!(bobs.heard("read_receipt").await.is_empty(), "the device that read has its ack");
    assert_eq!((unread(&hark, &bob).await, unread(&hark, &eve).await), (0, 2));
    hark.stop().await;
}

async fn the_last_receipt_of_a_burst_is_told(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    for n in 1..=9 {
        anns.say(room, &format!("message {n}")).await;
    }
    for seq in 1..=9 {
        assert_eq!(bobs.ask(&receipt(room, seq)).await["seq"], seq);
    }
    let mut told = 0;
    while told < 9 {
        let next = anns.next_of("read_receipt").await["seq"].as_i64().unwrap();
        assert!(next > told, "marks move forward");
        told = next;
    }
    hark.stop().await;
}

async fn a_receipt_names_a_message_or_a_place(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let elsewhere = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let first = anns.say(room, "one").await;
    anns.say(room, "two").await;
    let by_message = json!({"type": "read_receipt", "message_id": first["message_id"]});
    assert_eq!(bobs.ask(&by_message).await, json!({"type": "ack", "room_id": room, "seq": 1}));
    let everything = json!({"type": "read_receipt", "room_id": room});
    assert_eq!(bobs.ask(&everything).await["seq"], 2);
    assert_eq!(bobs.ask(&receipt(room, 99)).await["seq"], 2, "no further than the log");

    let both = json!({"type": "read_receipt", "message_id": first["message_id"], "seq": 1});
    assert!(bobs.refused("invalid", both).await.starts_with("message_id"));
    let wrong = json!({"type": "read_receipt", "room_id": elsewhere, "message_id": first["message_id"]});
    assert!(bobs.refused("invalid", wrong).await.starts_with("message_id"));
    assert!(bobs.refused("invalid", json!({"type": "read_receipt"})).await.starts_with("room_id"));
    hark.stop().await;
}

async fn the_first_documents_receipt_is_understood(world: &World) {
    let hark = world.start().await;
    let (user1, user2) = (hark.user("user1").await, hark.user("user2").await);
    let (mut one, mut two) = (hark.connect(&user1).await, hark.connect(&user2).await);
    let chat =
        json!({"type": "CHAT_MESSAGE", "receiverId": "user2", "chatId": "chat123", "content": "read me"});
    let ack = one.ask(&chat).await;
    let got = two.next_of("message").await;

    let read = json!({"type": "READ_RECEIPT", "chatId": "chat123", "messageId": got["message_id"], "receiverId": "user1"});
    assert_eq!(two.ask(&read).await["seq"], ack["seq"]);
    let told = one.next_of("read_receipt").await;
    assert_eq!((&told["room_id"], &told["user_id"]), (&ack["room_id"], &json!(user2.id)));

    one.ask(&chat).await;
    let without_message = json!({"type": "READ_RECEIPT", "chatId": "chat123", "receiverId": "user1"});
    assert_eq!(two.ask(&without_message).await["seq"], 2, "an unknown chat is the pair's room");
    assert_eq!(one.next_of("read_receipt").await["seq"], 2);
    hark.stop().await;
}

async fn a_mark_never_moves_back(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    for n in 1..=3 {
        anns.say(room, &format!("message {n}")).await;
    }
    bobs.ask(&receipt(room, 3)).await;
    anns.next_of("read_receipt").await;
    assert_eq!(bobs.ask(&receipt(room, 1)).await["seq"], 3);
    assert_eq!(unread(&hark, &bob).await, 0);
    assert!(anns.heard("read_receipt").await.is_empty(), "nothing new to tell");
    hark.stop().await;
}

async fn who_is_not_in_the_room_marks_nothing(world: &World) {
    let hark = world.start().await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut eves) = (hark.connect(&ann).await, hark.connect(&eve).await);
    let message = anns.say(room, "not for eve").await["message_id"].clone();
    eves.refused("forbidden", receipt(room, 1)).await;
    let hers = eves.refused("invalid", json!({"type": "read_receipt", "message_id": message})).await;
    let none = json!({"type": "read_receipt", "message_id": uuid::Uuid::now_v7()});
    assert_eq!(eves.refused("invalid", none).await, hers, "one can't tell whether it exists");
    let stranger = json!({"type": "READ_RECEIPT", "receiverId": "ann"});
    eves.refused("not_found", stranger).await;
    assert_eq!(hark.rooms_of(&eve).await, 0, "no room is made by it");
    assert!(anns.heard("read_receipt").await.is_empty());
    hark.stop().await;
}

async fn a_mark_over_http_is_told_too(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.say(room, "one").await;
    let read = hark.post(&bob, &format!("/api/v1/rooms/{room}/read"), &json!({})).await.expect(200);
    assert_eq!(read["unread_count"], 0);
    for socket in [&mut anns, &mut bobs] {
        assert_eq!(socket.next_of("read_receipt").await["user_id"], bob.id);
    }
    hark.stop().await;
}

async fn nobody_is_told_in_a_room_past_the_limit(world: &World) {
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "2")]).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let (at, past) = (hark.group(&ann, &[&bob]).await, hark.group(&ann, &[&bob, &eve]).await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    for room in [past, at] {
        anns.say(room, "one").await;
        assert_eq!(bobs.ask(&receipt(room, 1)).await["seq"], 1);
    }
    assert_eq!(anns.next_of("read_receipt").await["room_id"], at, "the other one isn't told");
    assert!(anns.heard("read_receipt").await.is_empty());
    eventually(async || unread(&hark, &bob).await == 0).await;
    hark.stop().await;
}
