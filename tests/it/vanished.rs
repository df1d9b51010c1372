//! Clients whose sockets die without a word, and whose every `$disconnect` is lost.

use std::time::Duration;

use futures::{StreamExt, stream};
use local::faults::{DisconnectFault, Fault, Kind};
use serde_json::json;
use shared::ids::UserId;

use crate::hark::{Client, Hark, Socket, World, eventually, full_or_tenth, on_both};

/// Of all rooms together, at full size.
const CLIENTS: usize = 1_000;
const ROOMS: usize = 4;
/// Handshakes at once.
const CONNECTING: usize = 16;
/// Longer than presence lasts (5 min), shorter than a socket (2 h).
const SILENCE: Duration = Duration::from_secs(360);

/// A room whose members have vanished but for one who sends and one who only listens.
struct Deserted {
    room: i64,
    sender: Socket,
    listener: Socket,
    gone: Vec<UserId>,
}

impl Deserted {
    async fn of(hark: &Hark, number: usize, size: usize) -> Self {
        let (ann, bob) = (hark.user(&format!("ann{number}")).await, hark.user(&format!("bob{number}")).await);
        let crowd = hark.users(&format!("room{number}_"), size).await;
        let members: Vec<&Client> = crowd.iter().chain([&bob]).collect();
        let room = hark.group(&ann, &members).await;
        let sockets = stream::iter(&crowd).map(|user| hark.connect(user)).buffer_unordered(CONNECTING);
        let mut sockets: Vec<Socket> = sockets.collect().await;
        let (mut sender, listener) = (hark.connect(&ann).await, hark.connect(&bob).await);
        sender.say(room, "all here?").await;
        for socket in &mut sockets {
            socket.next_of("message").await;
        }
        drop(sockets);
        Self { room, sender, listener, gone: crowd.iter().map(|client| UserId(client.id)).collect() }
    }

    /// How many of the vanished presence and the rows still hold.
    async fn held(&self, hark: &Hark) -> (usize, usize) {
        let app = hark.running.app();
        let known = app.presence.listeners(&self.gone).await.unwrap();
        (known.len(), app.connection_log.of_users(&self.gone).await.unwrap().len())
    }

    async fn online(&self, hark: &Hark) -> usize {
        let app = hark.running.app();
        let mut online = 0;
        for &user in &self.gone {
            online += usize::from(app.presence.status(user, app.clock.now()).await.unwrap().online);
        }
        online
    }
}

/// Posts to sockets that aren't there.
fn wasted(hark: &Hark) -> u64 {
    hark.running.sockets().counters().posts_gone
}

async fn who_vanished_is_not_online_after_the_ttl_and_forgotten_by_one_post_each_or_by_upkeep(world: &World) {
    // Whether somebody is online is not told here: that posts, too.
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "0")]).await;
    let size = full_or_tenth(CLIENTS) / ROOMS;
    // Else one that falls between the turn of the clock and the sends finds the dead first.
    hark.running.schedules().hold(true);
    hark.running.sockets().faults().set([Fault::every(Kind::Disconnect(DisconnectFault::Lost))]);
    let mut rooms = Vec::with_capacity(ROOMS);
    for number in 0..ROOMS {
        rooms.push(Deserted::of(&hark, number, size).await);
    }
    eventually(async || hark.running.sockets().len() == 2 * ROOMS).await;
    for room in &rooms {
        assert_eq!((room.online(&hark).await, room.held(&hark).await), (size, (size, size)));
    }

    world.clock.turn(SILENCE);
    for room in &mut rooms {
        room.sender.ask(&json!({"type": "heartbeat"})).await;
        assert_eq!(room.online(&hark).await, 0);
    }
    let app = hark.running.app();
    assert_eq!(app.presence.online(app.clock.now()).await.unwrap().users, i64::try_from(ROOMS).unwrap());

    let (by_send, by_upkeep) = rooms.split_at_mut(ROOMS / 2);
    for room in by_send {
        let (before, dead) = (wasted(&hark), size as u64);
        let mut by_the_first = None;
        for _ in 0..2 {
            room.sender.say(room.room, "who is left?").await;
            room.listener.next_of("message").await;
            eventually(async || room.held(&hark).await == (0, 0)).await;
            eventually(async || hark.standing(room.room).await.open == 0).await;
            let posts = wasted(&hark) - before;
            // One whose answer comes too late for the sender is posted once more by the queue.
            assert!((dead..=2 * dead).contains(&posts), "{posts} posts to {dead}");
            assert_eq!(*by_the_first.get_or_insert(posts), posts, "the second send wastes none");
        }
    }

    let before = wasted(&hark);
    hark.running.schedules().run("upkeep").await.unwrap();
    for room in by_upkeep {
        assert_eq!(room.held(&hark).await, (0, 0));
        room.sender.say(room.room, "and here?").await;
        assert_eq!(room.listener.next_of("message").await["content"], "all here?");
        assert_eq!(
            room.listener.next_of("message").await["content"],
            "and here?",
            "the silent are reachable"
        );
    }
    assert_eq!(wasted(&hark), before, "looked at, not posted to");
    hark.stop().await;
}

on_both! {
    who_vanished_is_not_online_after_the_ttl_and_forgotten_by_one_post_each_or_by_upkeep,
}
