//! What nobody else comes back for: messages whose delivery was never announced, and connections whose
//! end was never told.

use serde_json::json;
use shared::chat::registration;
use shared::clock::UnixMs;
use shared::identity::Caller;
use shared::ids::{ClientMessageId, ConnectionId, MessageId, RoomId, Seq, UserId};
use shared::model::Address;
use shared::ports::{Appended, NewMessage, QUEUE_MESSAGES};

use crate::hark::{Client, Hark, World, eventually, on_both};
use crate::posts::aside;

const MINUTE_MS: i64 = 60_000;

async fn a_message_that_was_never_announced_is_delivered_by_upkeep(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    hark.running.schedules().run("upkeep").await.unwrap();

    let stored = stored_a_minute_ago(&hark, &ann, room).await;
    assert_eq!(hark.standing(room).await.open, 1);
    hark.running.schedules().run("upkeep").await.unwrap();

    let got = bobs.next_of("message").await;
    assert_eq!((&got["content"], &got["seq"]), (&json!("unheard"), &json!(1)));
    assert_eq!((stored.seq, &got["message_id"]), (Seq(1), &json!(stored.message_id)));
    eventually(async || hark.standing(room).await.open == 0).await;
    hark.stop().await;
}

/// As a sender leaves it who dies between the commit and all that follows.
async fn stored_a_minute_ago(hark: &Hark, sender: &Client, room: i64) -> Appended {
    let app = hark.running.app();
    let new = NewMessage {
        id: MessageId::fresh(),
        room: RoomId(room),
        sender: UserId(sender.id),
        client_id: ClientMessageId::parse("m1").unwrap(),
        digest: [0; 32],
        kind: "text".to_owned(),
        content: "unheard".to_owned(),
        reply_to: None,
        metadata: None,
        now: app.clock.now().plus(-MINUTE_MS),
    };
    app.messages.append(&new).await.unwrap()
}

/// While `deliver` can't, what is open is in its queue already.
async fn a_message_is_not_announced_again_into_a_queue_that_is_long(world: &World) {
    let hark = world.start().await;
    hark.running.schedules().hold(true);
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    stored_a_minute_ago(&hark, &ann, room).await;
    let (app, kept) = aside(&hark);
    let swept = async |waiting| {
        kept.wait_in(QUEUE_MESSAGES, waiting);
        let event = serde_json::from_str(include_str!("../../events/upkeep/every-minute.json")).unwrap();
        // It looks again each second while the row is open, which it stays.
        tokio::select! {
            ended = upkeep::handle(&app, event) => panic!("{ended:?}"),
            () = kept.is_counted(2) => {}
        }
        kept.take().len()
    };
    assert_eq!(swept(101).await, 0);
    assert_eq!(swept(100).await, 1);
    hark.stop().await;
}

async fn what_was_stored_before_a_restart_is_delivered_after_it(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    stored_a_minute_ago(&hark, &ann, room).await;
    hark.stop().await;

    let hark = world.start().await;
    let mut bobs = hark.connect(&bob).await;
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(bobs.next_of("message").await["content"], "unheard");
    hark.stop().await;
}

async fn a_connection_whose_end_was_lost_is_forgotten_at_its_first_410(world: &World) {
    // A status that is told would be the first post.
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "0")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let app = hark.running.app();
    let connections = async || {
        let status = app.presence.status(UserId(bob.id), app.clock.now()).await.unwrap();
        let logged = app.connection_log.of_users(&[UserId(bob.id)]).await.unwrap();
        (status.connections.len(), logged.len())
    };
    opened_a_minute_ago(&hark, &bob, "lost=").await;
    assert_eq!(connections().await, (2, 2));

    anns.say(room, "hello").await;
    assert_eq!(bobs.next_of("message").await["content"], "hello");
    eventually(async || connections().await == (1, 1)).await;
    let before = hark.running.sockets().counters().posts;
    anns.say(room, "again").await;
    assert_eq!(bobs.next_of("message").await["content"], "again", "the living one is still there");
    eventually(async || hark.standing(room).await.open == 0).await;
    assert_eq!(hark.running.sockets().counters().posts - before, 1);
    hark.stop().await;
}

/// A connection of this endpoint that is registered and not there.
async fn opened_a_minute_ago(hark: &Hark, client: &Client, connection: &str) {
    let app = hark.running.app();
    let now = app.clock.now();
    let account = app.accounts.account(UserId(client.id)).await.unwrap().unwrap();
    let caller = Caller::of(&account, UnixMs(i64::MAX), now).unwrap();
    let address = Address {
        connection: ConnectionId(connection.to_owned()),
        endpoint: app.config.sockets.endpoint_url.clone().unwrap(),
        connected_at: now.plus(-MINUTE_MS),
    };
    registration::register(app, &caller, &address).await.unwrap();
}

on_both! {
    a_message_that_was_never_announced_is_delivered_by_upkeep,
    a_message_is_not_announced_again_into_a_queue_that_is_long,
    what_was_stored_before_a_restart_is_delivered_after_it,
    a_connection_whose_end_was_lost_is_forgotten_at_its_first_410,
}
