//! Redis comes back empty: presence is filled again from the store, and agrees with the sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::AsyncCommands;
use serde_json::json;
use shared::ids::RoomId;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::cost::OwnRedis;
use crate::hark::{Client, Hark, Socket, World, eventually, on_services};

/// How long presence may differ from the truth.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between the heartbeats of who sends any; the others are silent.
const BEAT: Duration = Duration::from_millis(300);

/// Some who send heartbeats, some who only listen, some who aren't here; all in one room, some in another.
struct Party {
    beating: Vec<Client>,
    silent: Vec<Client>,
    away: Vec<Client>,
    rooms: [i64; 2],
    hearts: Vec<JoinHandle<Socket>>,
    listeners: Vec<Socket>,
    stop: watch::Sender<bool>,
}

impl Party {
    async fn gather(hark: &Hark) -> Self {
        let (beating, silent, away) =
            (hark.users("beats", 6).await, hark.users("listens", 4).await, hark.users("away", 3).await);
        let everyone: Vec<&Client> = beating[1..].iter().chain(&silent).chain(&away).collect();
        let rooms = [hark.group(&beating[0], &everyone).await, hark.group(&beating[0], &everyone[..7]).await];
        let mut party = Self {
            beating,
            silent,
            away,
            rooms,
            hearts: vec![],
            listeners: vec![],
            stop: watch::Sender::new(false),
        };
        party.connect(hark).await;
        party
    }

    async fn connect(&mut self, hark: &Hark) {
        for client in &self.silent {
            self.listeners.push(hark.connect(client).await);
        }
        for client in &self.beating {
            let socket = hark.connect(client).await;
            self.hearts.push(tokio::spawn(beat(socket, self.stop.subscribe())));
        }
        // A second device that only listens.
        self.listeners.push(hark.connect(&self.beating[0]).await);
    }

    /// One more, who beats from now on.
    async fn join(&mut self, hark: &Hark) {
        let client = self.away.pop().unwrap();
        let socket = hark.connect(&client).await;
        self.hearts.push(tokio::spawn(beat(socket, self.stop.subscribe())));
        self.beating.push(client);
    }

    /// Whether everything that can be asked of presence says what is true.
    async fn is_known(&self, hark: &Hark, redis: &OwnRedis) -> bool {
        let mut raw = redis.connection().await;
        let online: BTreeSet<i64> = raw.smembers("chat:online:users").await.unwrap();
        let expected: BTreeSet<i64> = self.beating.iter().map(|client| client.id).collect();
        if online != expected || !raw.exists::<_, bool>("hark:epoch").await.unwrap() {
            return false;
        }
        for (clients, word) in [(&self.beating, "online"), (&self.silent, "offline"), (&self.away, "offline")]
        {
            for client in clients {
                let path = format!("/api/chat/online/status/{}", client.id);
                if hark.get(&self.beating[0], &path).await.expect(200)["status"] != word {
                    return false;
                }
            }
        }
        self.everyone_listens(hark).await
    }

    /// What presence holds of the rooms by itself, without a reader that completes it.
    async fn everyone_listens(&self, hark: &Hark) -> bool {
        let app = hark.running.app();
        for room in self.rooms {
            let members = app.rooms.audience(RoomId(room)).await.unwrap().unwrap().members;
            let logged = app.connection_log.of_users(&members).await.unwrap();
            let expected: BTreeSet<_> =
                logged.into_iter().map(|listener| listener.address.connection).collect();
            let held = app.presence.audience(RoomId(room)).await.unwrap().listeners;
            let held: BTreeSet<_> = held.into_iter().map(|listener| listener.address.connection).collect();
            if held != expected {
                return false;
            }
        }
        true
    }

    /// A message reaches every socket but the sender's.
    async fn all_hear(mut self, hark: &Hark) {
        self.stop.send_replace(true);
        let mut sockets = std::mem::take(&mut self.listeners);
        for heart in self.hearts.drain(..) {
            sockets.push(heart.await.unwrap());
        }
        let mut sender = hark.connect(&self.beating[0]).await;
        // Refused as `not_broadcast` by a process that skips Redis for another moment; it is heard all the same.
        sender.ask(&json!({"type": "message", "room_id": self.rooms[0], "content": "still here?"})).await;
        for socket in &mut sockets {
            assert_eq!(socket.next_of("message").await["content"], "still here?");
        }
    }
}

async fn beat(mut socket: Socket, stop: watch::Receiver<bool>) -> Socket {
    while !*stop.borrow() {
        socket.ask(&json!({"type": "heartbeat"})).await;
        sleep(BEAT).await;
    }
    socket
}

/// Starts with a presence so short that the silent are soon silent.
async fn started(world: &World, redis: &OwnRedis) -> Hark {
    world.start_with(&[("REDIS_URL", &redis.url), ("PRESENCE_TTL", "2"), ("REDIS_TIMEOUT_MS", "1000")]).await
}

async fn until_silent(hark: &Hark, redis: &OwnRedis, party: &Party) {
    eventually(async || {
        hark.running.schedules().run("upkeep").await.unwrap();
        party.is_known(hark, redis).await
    })
    .await;
}

async fn known_in_time(hark: &Hark, redis: &OwnRedis, party: &Party) {
    let back = Instant::now();
    eventually(async || party.is_known(hark, redis).await).await;
    assert!(back.elapsed() < PATIENCE, "{:?}", back.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_knows_everyone_again_within_five_seconds() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = started(world, &redis).await;
        let party = Party::gather(&hark).await;
        until_silent(&hark, &redis, &party).await;
        for _ in 0..3 {
            redis::cmd("FLUSHALL").exec_async(&mut redis.connection().await).await.unwrap();
            known_in_time(&hark, &redis, &party).await;
        }
        party.all_hear(&hark).await;
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_killed_and_restarted_empty_knows_everyone_again_also_who_came_meanwhile() {
    on_services(async |world: &World| {
        let mut redis = OwnRedis::start().await;
        let hark = started(world, &redis).await;
        let mut party = Party::gather(&hark).await;
        until_silent(&hark, &redis, &party).await;
        redis.kill();
        party.join(&hark).await;
        drop(party.listeners.pop());
        let app = hark.running.app();
        eventually(async || hark.running.sockets().len() == 11).await;
        let rows = async || app.connection_log.page(None, 100).await.unwrap().len();
        eventually(async || rows().await == 11).await;
        redis.start_again().await;
        known_in_time(&hark, &redis, &party).await;
        party.all_hear(&hark).await;
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upkeep_fills_an_empty_redis_that_nobody_speaks_to() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = world.start_with(&[("REDIS_URL", &redis.url)]).await;
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        let (_anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
        let mut raw = redis.connection().await;
        redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
        hark.running.schedules().run("upkeep").await.unwrap();
        // News of a status may have found out before, and is at it.
        let is_whole = async || raw.clone().exists::<_, bool>("hark:epoch").await.unwrap();
        eventually(is_whole).await;
        let held = hark.running.app().presence.audience(RoomId(room)).await.unwrap().listeners;
        assert_eq!(held.len(), 2);
        let online: BTreeSet<i64> = raw.smembers("chat:online:users").await.unwrap();
        assert_eq!(online, BTreeSet::from([ann.id, bob.id]), "they connected a moment ago");
        bobs.say(room, "hello").await;
        hark.stop().await;
    })
    .await;
}
