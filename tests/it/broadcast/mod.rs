//! Broadcasts, through real sockets: each live one gets the frame once, and the count agrees.

mod faults;
mod many;

use serde_json::{Value, json};
use shared::model::Role;

use crate::hark::{Client, Hark, Socket, World, eventually, on_both};

/// Nothing else is posted: a status that is told would be a post too.
const QUIET: (&str, &str) = ("PUSH_ROOM_MAX", "0");

/// A notification to all, and with these fields instead.
fn notification(fields: Value) -> Value {
    let mut body =
        json!({"message_type": "notification", "target_type": "all", "data": {"title": "系统通知"}});
    for (field, value) in fields.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

/// Begins a broadcast; its id.
async fn begin(hark: &Hark, by: &Client, body: &Value) -> String {
    let begun = hark.post(by, "/api/v1/broadcast", body).await.expect(202);
    begun["id"].as_str().unwrap().to_owned()
}

/// How it stands once it is done.
async fn done(hark: &Hark, by: &Client, id: &str) -> Value {
    let follow = async || hark.get(by, &format!("/api/v1/broadcast/{id}")).await.expect(200);
    eventually(async || follow().await["state"] == "done").await;
    follow().await
}

/// Sockets found, posted to, gone and left.
fn counts(broadcast: &Value) -> [i64; 4] {
    ["sockets", "posted", "gone", "left"].map(|field| broadcast[field].as_i64().unwrap())
}

/// The ids of the broadcasts that a socket has got and nobody asked for yet.
async fn heard(socket: &mut Socket) -> Vec<String> {
    let frames = socket.everything().await.into_iter();
    frames.filter_map(|frame| frame["broadcast_id"].as_str().map(str::to_owned)).collect()
}

async fn a_broadcast_goes_to_all_to_a_room_and_to_a_user(world: &World) {
    let hark = world.start_with(&[QUIET, ("FANOUT_CHUNK", "2")]).await;
    let root = hark.user_as("root", Role::Admin).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut sockets = [
        hark.connect(&ann).await,
        hark.connect(&ann).await,
        hark.connect(&bob).await,
        hark.connect(&eve).await,
    ];
    let system =
        json!({"message_type": "system", "target_type": "room", "target": room, "data": {"reload": true}});
    let of_ann = notification(json!({"target_type": "user", "target": "ann"}));
    for (body, reached) in
        [(notification(json!({})), &[0, 1, 2, 3][..]), (system, &[0, 1, 2]), (of_ann, &[0, 1])]
    {
        let id = begin(&hark, &root, &body).await;
        let standing = done(&hark, &root, &id).await;
        let all = i64::try_from(reached.len()).unwrap();
        assert_eq!(counts(&standing), [all, all, 0, 0], "{standing}");
        assert_eq!(
            (&standing["target_type"], standing["finished_at"].is_i64()),
            (&body["target_type"], true)
        );
        for (at, socket) in sockets.iter_mut().enumerate() {
            let frame = if reached.contains(&at) {
                Some(socket.next_where(|frame| frame["broadcast_id"] == id).await)
            } else {
                None
            };
            if let Some(frame) = frame {
                assert_eq!(
                    (&frame["type"], &frame["data"]),
                    (&body["message_type"], &body["data"]),
                    "{frame}"
                );
                assert_eq!(frame["timestamp"], standing["created_at"]);
                let event = if body["message_type"] == "system" { json!("broadcast") } else { Value::Null };
                assert_eq!(frame["event"], event);
            }
            assert_eq!(heard(socket).await, Vec::<String>::new(), "once, and none that it isn't for");
        }
    }
    hark.stop().await;
}

async fn a_broadcast_to_nobody_is_done_at_once(world: &World) {
    let hark = world.start().await;
    let root = hark.user_as("root", Role::Admin).await;
    for fields in [json!({}), json!({"target_type": "user", "target": root.id})] {
        let id = begin(&hark, &root, &notification(fields)).await;
        assert_eq!(counts(&done(&hark, &root, &id).await), [0, 0, 0, 0]);
    }
    eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
    hark.stop().await;
}

on_both! {
    a_broadcast_goes_to_all_to_a_room_and_to_a_user,
    a_broadcast_to_nobody_is_done_at_once,
}
