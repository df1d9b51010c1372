//! Two runners on one set of services: what is sent at one reaches the sockets of the other.

use serde_json::json;

use crate::clients;
use crate::hark::{World, eventually, on_services};

async fn ordinary_clients_talk_across_two_nodes(world: &World) {
    let (one, two) = (world.start().await, world.start().await);
    let nodes = [one.running.http_url(), two.running.http_url()];
    let done = clients::run("cross_node.py", &[&nodes[0], &nodes[1]], &[]).await;
    assert_eq!(done["passed"], 3);
    two.stop().await;
    one.stop().await;
}

async fn a_large_room_spreads_over_both_nodes(world: &World) {
    let small = [("FANOUT_INLINE", "4"), ("FANOUT_CHUNK", "3")];
    let (one, two) = (world.start_with(&small).await, world.start_with(&small).await);
    let ann = one.user("ann").await;
    let others = one.users("member", 12).await;
    let room = one.group(&ann, &others.iter().collect::<Vec<_>>()).await;
    let mut anns = one.connect(&ann).await;
    let mut sockets = Vec::new();
    for (n, other) in others.iter().enumerate() {
        sockets.push(if n % 2 == 0 { one.connect(other).await } else { two.connect(other).await });
    }

    let ack = anns.say(room, "to everyone").await;

    for socket in &mut sockets {
        assert_eq!(socket.next_of("message").await["message_id"], ack["message_id"]);
        assert!(socket.heard("message").await.is_empty(), "once each");
    }
    two.stop().await;
    one.stop().await;
}

async fn a_node_that_stops_takes_only_its_own_users_offline(world: &World) {
    let (one, two) = (world.start().await, world.start().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let (mut anns, mut bobs) = (one.connect(&ann).await, two.connect(&bob).await);
    anns.ask(&json!({"type": "message", "to": "bob", "content": "before"})).await;
    bobs.next_of("message").await;

    two.stop().await;

    assert_eq!(bobs.close_code().await, 1001);
    let status = async |of: &str| {
        one.get(&ann, &format!("/api/chat/online/status/{of}")).await.expect(200)["status"].clone()
    };
    eventually(async || status("bob").await == "offline").await;
    assert_eq!(status("ann").await, "online");
    let ack = anns.ask(&json!({"type": "message", "to": "bob", "content": "after"})).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let mut back = one.connect(&bob).await;
    anns.ask(&json!({"type": "message", "to": "bob", "content": "at the other node"})).await;
    assert_eq!(back.next_of("message").await["content"], "at the other node");
    one.stop().await;
}

/// A cluster needs the services: makes a test of every case named, on them alone.
macro_rules! on_the_services {
    ($($case:ident),+ $(,)?) => {
        mod real {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::on_services(super::$case).await;
            }
        )+}
    };
}

on_the_services! {
    ordinary_clients_talk_across_two_nodes,
    a_large_room_spreads_over_both_nodes,
    a_node_that_stops_takes_only_its_own_users_offline,
}
