//! The local runner from outside: a socket, a restart, a second runner.

mod client;
mod hark;

use std::collections::HashMap;

use local::{Options, demo};
use serde_json::json;
use shared::ids::{ConnectionId, UserId};
use shared::model::Address;
use shared::ports::OpenedConnection;

use hark::{Hark, User};

/// Makes `embedded::case` and `on_services::case` of every case named.
macro_rules! in_both_modes {
    ($($case:ident),+ $(,)?) => {
        mod embedded {$(
            #[tokio::test]
            async fn $case() {
                super::hark::embedded(super::$case).await;
            }
        )+}
        mod on_services {$(
            #[tokio::test]
            async fn $case() {
                super::hark::on_services(super::$case).await;
            }
        )+}
    };
}

in_both_modes! {
    two_clients_talk_in_a_room,
    a_restart_loses_nothing_and_takes_the_old_tokens,
    a_socket_that_died_with_an_earlier_run_is_forgotten,
}

async fn a_pair_in_a_room(hark: &Hark) -> (User, User, i64) {
    let (ann, bob) = (hark.register("ann1").await, hark.register("bob1").await);
    let body = json!({ "name": "team", "member_ids": [bob.id] });
    let room = hark.post(Some(&ann.token), "/api/v1/rooms", body).await;
    (ann, bob, room["id"].as_i64().expect("a room"))
}

async fn two_clients_talk_in_a_room(hark: &mut Hark) {
    let (ann, bob, room) = a_pair_in_a_room(hark).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    for (seq, content) in [(1, "hello"), (2, "are you there?")] {
        anns.send(json!({ "type": "message", "room_id": room, "content": content, "id": content })).await;
        let ack = anns.receive("ack").await;
        let message = bobs.receive("message").await;
        assert_eq!(message["content"], content);
        assert_eq!(message["sender_name"], "ann1");
        assert_eq!((&ack["seq"], &message["seq"]), (&json!(seq), &json!(seq)));
        assert_eq!(message["message_id"], ack["message_id"]);
    }
    bobs.send(json!({ "type": "message", "to": "ann1", "content": "between us" })).await;
    assert_eq!(anns.receive("message").await["content"], "between us");
}

async fn a_restart_loses_nothing_and_takes_the_old_tokens(hark: &mut Hark) {
    let (ann, bob, room) = a_pair_in_a_room(hark).await;
    let mut socket = hark.connect(&ann).await;
    socket.send(json!({ "type": "message", "room_id": room, "content": "kept" })).await;
    let ack = socket.receive("ack").await;
    hark.restart().await;
    let path = format!("/api/v1/rooms/{room}/messages");
    let history = hark.get(&bob.token, &path).await;
    assert_eq!(history["messages"][0]["message_id"], ack["message_id"]);
    let rooms = hark.get(&bob.token, "/api/v1/rooms").await;
    assert_eq!(rooms["rooms"][0]["unread_count"], 1, "{rooms}");
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.send(json!({ "type": "message", "room_id": room, "content": "again" })).await;
    assert_eq!(bobs.receive("message").await["seq"], 2);
}

async fn a_socket_that_died_with_an_earlier_run_is_forgotten(hark: &mut Hark) {
    let user = UserId(hark.register("ann1").await.id);
    let app = hark.running().app().clone();
    let endpoint = app.config.sockets.endpoint_url.clone().expect("the runner sets it");
    let connection = ConnectionId("dead=".to_owned());
    let address = Address { connection, endpoint, connected_at: app.clock.now() };
    let reconnect_at = address.connected_at;
    let opened = OpenedConnection { user, address, device: None, token_version: 0, reconnect_at };
    app.connection_log.opened(&opened).await.unwrap();
    hark.restart().await;
    let app = hark.running().app();
    assert_eq!(app.connection_log.of_users(&[user]).await.unwrap(), []);
}

#[tokio::test]
async fn a_second_runner_on_the_same_state_is_refused() {
    hark::embedded(async |hark| {
        let refused = local::start(hark.options().clone()).await.err().expect("it is refused");
        assert!(refused.to_string().contains("STATE_DIR"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    hark::embedded(async |hark| {
        let port = hark.running().address().port();
        let refused = local::start(Options { port, ..hark.options().clone() }).await.err();
        let said = refused.expect("it is refused").to_string();
        assert!(said.contains(&format!("port {port} is in use")), "{said}");
    })
    .await;
}

#[tokio::test]
async fn some_services_but_not_all_is_an_error_that_names_the_missing() {
    let given = [("DATABASE_URL", ""), ("REDIS_URL", "redis://127.0.0.1:1"), ("RABBITMQ_URL", "")];
    let variables: HashMap<_, _> = given.map(|(name, url)| (name.to_owned(), url.to_owned())).into();
    hark::embedded(async |hark| {
        let options = Options { variables: variables.clone(), ..hark.options().clone() };
        let said = local::start(options).await.err().expect("it is refused").to_string();
        assert!(said.contains("not DATABASE_URL, RABBITMQ_URL"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn the_demo_users_are_made_once_and_their_tokens_open_sockets() {
    hark::embedded(async |hark| {
        let app = hark.running().app().clone();
        let first = demo::identities(&app).await.unwrap();
        let again = demo::identities(&app).await.unwrap();
        let names = |demos: &[demo::Demo]| demos.iter().map(|d| d.username.clone()).collect::<Vec<_>>();
        assert_eq!(names(&first), ["ann", "bob", "staff", "admin"]);
        assert_eq!(names(&again), names(&first));
        let users = again.into_iter().map(|demo| User { id: 0, token: demo.token });
        let mut sockets = Vec::new();
        for user in users {
            sockets.push(hark.connect(&user).await);
        }
        sockets[0].send(json!({ "type": "message", "to": "bob", "content": "hello" })).await;
        assert_eq!(sockets[1].receive("message").await["content"], "hello");
    })
    .await;
}
