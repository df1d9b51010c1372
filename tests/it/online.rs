//! Who is online: presence over HTTP agrees with the sockets that are open.

use serde_json::json;

use crate::hark::{Client, Hark, World, eventually, on_both};

/// Users online and connections open, by `GET /api/chat/online/stats`.
async fn stats(hark: &Hark, client: &Client) -> (i64, i64) {
    let stats = hark.get(client, "/api/chat/online/stats").await.expect(200);
    (stats["online_users"].as_i64().unwrap(), stats["connections"].as_i64().unwrap())
}

/// The word for somebody, and their connections, by `GET /api/chat/online/status/{user}`.
async fn status(hark: &Hark, client: &Client, of: &str) -> (String, i64) {
    let status = hark.get(client, &format!("/api/chat/online/status/{of}")).await.expect(200);
    (status["status"].as_str().unwrap().to_owned(), status["connections"].as_i64().unwrap())
}

async fn presence_follows_the_sockets_that_are_open(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    assert_eq!((stats(&hark, &ann).await, status(&hark, &ann, "bob").await.1), ((0, 0), 0));

    let (phone, laptop, anns) =
        (hark.connect(&bob).await, hark.connect(&bob).await, hark.connect(&ann).await);
    assert_eq!(stats(&hark, &ann).await, (2, 3));
    assert_eq!(hark.running.sockets().len(), 3);
    let of_bob = async || status(&hark, &ann, &bob.id.to_string()).await;
    assert_eq!(of_bob().await, ("online".to_owned(), 2));

    phone.close().await;
    eventually(async || of_bob().await == ("online".to_owned(), 1)).await;
    laptop.close().await;
    eventually(async || of_bob().await == ("offline".to_owned(), 0)).await;
    eventually(async || stats(&hark, &ann).await == (1, 1)).await;
    let seen = hark.get(&ann, "/api/chat/online/status/bob").await.expect(200);
    assert!(seen["last_seen"].as_i64().unwrap() > 1_700_000_000_000, "{seen}");
    anns.close().await;
    eventually(async || stats(&hark, &ann).await == (0, 0)).await;
    hark.get(&ann, "/api/chat/online/status/nobody").await.refused(404, "not_found");
    hark.stop().await;
}

async fn a_socket_that_breaks_off_is_forgotten_like_one_that_closes(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let socket = hark.connect(&bob).await;
    assert_eq!(stats(&hark, &ann).await, (1, 1));
    drop(socket);
    eventually(async || stats(&hark, &ann).await == (0, 0)).await;
    hark.stop().await;
}

async fn a_stop_leaves_nobody_online(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    hark.stop().await;
    assert_eq!(bobs.close_code().await, 1001);

    let hark = world.start().await;
    assert_eq!(stats(&hark, &ann).await, (0, 0));
    let mut anns = hark.connect(&ann).await;
    anns.ask(&json!({"type": "message", "room_id": room, "content": "anyone?"})).await;
    // That Bob went may reach Ann only now: the news waited in the broker.
    assert_eq!(hark.running.sockets().counters().posts_gone, 0, "no socket of before is posted to");
    hark.stop().await;
}

on_both! {
    presence_follows_the_sockets_that_are_open,
    a_socket_that_breaks_off_is_forgotten_like_one_that_closes,
    a_stop_leaves_nobody_online,
}
