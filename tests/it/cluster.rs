//! Two runners on one set of services: what is sent at one reaches the sockets of the other.

use serde_json::json;
use shared::ids::{ConnectionId, UserId};
use shared::model::{Address, Listener};
use shared::ports::{Delay, Event, FanoutChunk, OpenedConnection, Registration};

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

async fn the_connections_of_a_dead_node_are_skipped_then_forgotten(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let app = hark.running.app();
    // Of a node that was killed, and that nothing will start again.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lost = Listener {
        user: UserId(bob.id),
        address: Address {
            connection: ConnectionId("lost=".to_owned()),
            endpoint: format!("http://{nobody}/live"),
            connected_at: app.clock.now().plus(-60_000),
        },
    };
    let (user, address) = (lost.user, lost.address.clone());
    let reconnect_at = app.clock.now().plus(3_600_000);
    let opened = OpenedConnection { user, address, device: None, token_version: 0, reconnect_at };
    let rooms = app.connection_log.opened(&opened).await.unwrap().unwrap();
    let OpenedConnection { user, address, device, .. } = opened;
    let registration = Registration { user, address, device, rooms, profile: None };
    app.presence.register(&registration, app.clock.now()).await.unwrap();
    let known = async || app.connection_log.of_users(&[UserId(bob.id)]).await.unwrap().len();
    assert_eq!(known().await, 2);

    let ack = anns.say(room, "to whoever is there").await;
    assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);
    assert_eq!(known().await, 2, "it may come back yet");

    // What becomes of the post after the last of its steps.
    let frame = r#"{"type":"message"}"#.to_owned();
    let steps = u8::try_from(Delay::SHORT.len()).unwrap();
    let chunk = FanoutChunk {
        room: Some(room.into()),
        frame,
        listeners: vec![lost],
        attempt: steps,
        ..Default::default()
    };
    app.bus.publish(&[Event::FanoutChunk(chunk)], app.clock.now()).await.unwrap();
    eventually(async || known().await == 1).await;
    eventually(async || {
        app.presence.status(UserId(bob.id), app.clock.now()).await.unwrap().connections.len() == 1
    })
    .await;
    hark.stop().await;
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
    the_connections_of_a_dead_node_are_skipped_then_forgotten,
}
