//! Sockets that open and close while Redis is away: presence knows of them soon after its return, empty or
//! not, and so do the others.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::AsyncCommands;
use serde_json::json;
use shared::ids::RoomId;
use tokio::time::Instant;

use crate::cost::OwnRedis;
use crate::hark::{Client, Hark, Socket, eventually, on_services};

/// How long presence may differ from the truth.
const PATIENCE: Duration = Duration::from_secs(5);

/// How Redis goes and comes back.
#[derive(Clone, Copy)]
enum Outage {
    Killed,
    Frozen,
}

impl Outage {
    fn begin(self, redis: &mut OwnRedis) {
        match self {
            Self::Killed => redis.kill(),
            Self::Frozen => redis.freeze(),
        }
    }

    async fn end(self, redis: &mut OwnRedis) {
        match self {
            Self::Killed => redis.start_again().await,
            Self::Frozen => redis.thaw(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_learns_who_came_and_went() {
    who_came_and_went_is_known(Outage::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_with_what_it_held_learns_who_came_and_went() {
    who_came_and_went_is_known(Outage::Frozen).await;
}

async fn who_came_and_went_is_known(outage: Outage) {
    on_services(async |world| {
        let mut redis = OwnRedis::start().await;
        let variables = [("REDIS_URL", &*redis.url), ("REDIS_TIMEOUT_MS", "1000"), ("OFFLINE_GRACE", "1")];
        let hark = world.start_with(&variables).await;
        let users = hark.users("user", 4).await;
        let [stays, sends, comes, goes] = &users[..] else { unreachable!("four were made") };
        let room = hark.group(stays, &[sends, comes, goes]).await;
        let mut staying = hark.connect(stays).await;
        let (mut sending, going) = (hark.connect(sends).await, hark.connect(goes).await);
        told(&mut staying, goes, "online").await;

        outage.begin(&mut redis);
        let mut coming = hark.connect(comes).await;
        going.close().await;
        rows_are_those_of(&hark, &[stays, sends, comes]).await;
        let meanwhile = json!({"type": "message", "room_id": room, "content": "meanwhile", "id": "m1"});
        assert_eq!(sending.ask(&meanwhile).await["code"], "not_broadcast");
        outage.end(&mut redis).await;

        let back = Instant::now();
        eventually(async || is_known(&hark, &redis, room, &[stays, sends, comes], goes).await).await;
        assert!(back.elapsed() < PATIENCE, "{:?}", back.elapsed());
        told(&mut staying, comes, "online").await;
        told(&mut staying, goes, "offline").await;
        sending.say(room, "afterwards").await;
        for socket in [&mut staying, &mut coming] {
            for content in ["meanwhile", "afterwards"] {
                socket.next_where(|frame| frame["content"] == content).await;
            }
        }
        hark.stop().await;
    })
    .await;
}

/// Waits until the socket is told so.
async fn told(socket: &mut Socket, of: &Client, status: &str) {
    let is_told = |frame: &serde_json::Value| {
        frame["type"] == "status_update" && frame["user_id"] == of.id && frame["status"] == status
    };
    socket.next_where(is_told).await;
}

async fn rows_are_those_of(hark: &Hark, open: &[&Client]) {
    let open: BTreeSet<i64> = open.iter().map(|client| client.id).collect();
    let logged = async || {
        let page = hark.running.app().connection_log.page(None, 100).await.unwrap();
        page.into_iter().map(|(row, _)| row.user.0).collect::<BTreeSet<_>>()
    };
    eventually(async || logged().await == open).await;
}

/// Whether all that can be asked of presence says what is true.
async fn is_known(hark: &Hark, redis: &OwnRedis, room: i64, open: &[&Client], gone: &Client) -> bool {
    let expected: BTreeSet<i64> = open.iter().map(|client| client.id).collect();
    let online: BTreeSet<i64> = redis.connection().await.smembers("chat:online:users").await.unwrap();
    // What presence holds by itself, without a reader that completes it.
    let Ok(held) = hark.running.app().presence.audience(RoomId(room)).await else { return false };
    let held: BTreeSet<i64> = held.listeners.into_iter().map(|listener| listener.user.0).collect();
    if online != expected || held != expected || shown(hark, gone).await != ("offline".to_owned(), 0) {
        return false;
    }
    for client in open {
        if shown(hark, client).await != ("online".to_owned(), 1) {
            return false;
        }
    }
    true
}

/// The word for somebody, and how many connections they have.
async fn shown(hark: &Hark, client: &Client) -> (String, i64) {
    let path = format!("/api/chat/online/status/{}", client.id);
    let shown = hark.get(client, &path).await.expect(200);
    (shown["status"].as_str().unwrap().to_owned(), shown["connections"].as_i64().unwrap_or(-1))
}
