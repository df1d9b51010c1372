//! Many sockets at once, and many that are gone.

use futures::{StreamExt, stream};
use serde_json::json;
use shared::ids::{ConnectionId, UserId};
use shared::model::{Address, Role};
use shared::ports::OpenedConnection;

use super::{QUIET, begin, counts, done, heard, notification};
use crate::hark::{Client, Hark, Socket, World, full_or_tenth, on_both, on_services};

/// Handshakes at once.
const CONNECTING: usize = 16;
/// As many as a user may open.
const EACH: usize = 20;
/// More than one step finds.
const GONE: usize = 1_200;

async fn open(hark: &Hark, users: &[Client]) -> Vec<Socket> {
    let each = users.iter().flat_map(|user| std::iter::repeat_n(user, EACH));
    stream::iter(each).map(|user| hark.connect(user)).buffered(CONNECTING).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_live_socket_of_many_gets_a_broadcast_once() {
    on_services(async |world: &World| {
        let size = full_or_tenth(5_000);
        let hark = world.start_with(&[QUIET]).await;
        let root = hark.user_as("root", Role::Admin).await;
        let users = hark.users("user", size / EACH).await;
        let mut sockets = open(&hark, &users).await;
        let before = hark.running.sockets().counters().posts;

        let id = begin(&hark, &root, &notification(json!({}))).await;
        for socket in &mut sockets {
            assert_eq!(socket.next_of("notification").await["broadcast_id"], id);
        }
        let standing = done(&hark, &root, &id).await;
        let all = i64::try_from(size).unwrap();
        assert_eq!(counts(&standing), [all, all, 0, 0], "{standing}");
        assert_eq!(hark.running.sockets().counters().posts - before, size as u64);
        let took = standing["finished_at"].as_i64().unwrap() - standing["created_at"].as_i64().unwrap();
        println!("{size} sockets had it within {took} ms");
        for socket in &mut sockets {
            assert_eq!(heard(socket).await, Vec::<String>::new(), "once");
        }
        hark.stop().await;
    })
    .await;
}

/// Sockets of that user that nobody ever closed, opened long enough ago to be gone for good.
pub(super) async fn lose_sockets(hark: &Hark, client: &Client, count: usize) {
    let app = hark.running.app();
    let connected_at = app.clock.now().plus(-60_000);
    for n in 0..count {
        let address = Address {
            connection: ConnectionId(format!("lost{n:05}=")),
            endpoint: app.config.sockets.endpoint_url.clone().unwrap(),
            connected_at,
        };
        let (user, reconnect_at) = (UserId(client.id), connected_at.plus(7_200_000));
        let opened = OpenedConnection { user, address, device: None, token_version: 0, reconnect_at };
        app.connection_log.opened(&opened).await.unwrap();
    }
}

async fn sockets_that_are_gone_are_counted_and_forgotten_over_several_steps(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let root = hark.user_as("root", Role::Admin).await;
    let ann = hark.user("ann").await;
    lose_sockets(&hark, &ann, GONE).await;
    let mut sockets = [hark.connect(&ann).await, hark.connect(&root).await];

    let id = begin(&hark, &root, &notification(json!({}))).await;
    let standing = done(&hark, &root, &id).await;
    let gone = i64::try_from(GONE).unwrap();
    assert_eq!(counts(&standing), [gone + 2, 2, gone, 0], "{standing}");
    for socket in &mut sockets {
        assert_eq!(socket.next_of("notification").await["broadcast_id"], id);
        assert_eq!(heard(socket).await, Vec::<String>::new(), "once");
    }
    let again = begin(&hark, &root, &notification(json!({}))).await;
    assert_eq!(counts(&done(&hark, &root, &again).await), [2, 2, 0, 0], "they were forgotten");
    hark.stop().await;
}

on_both! {
    sockets_that_are_gone_are_counted_and_forgotten_over_several_steps,
}
