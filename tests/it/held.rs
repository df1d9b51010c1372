//! Races, each forced by a pause in the right place.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use serde_json::json;
use shared::app::App;
use shared::chat::registration;
use shared::clock::UnixMs;
use shared::identity::Caller;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::{Address, Listener};
use shared::ports::{ConnectionLog, LoggedConnection, OpenedConnection, Registration, StoreError};
use tokio::sync::Notify;

use crate::hark::{Hark, World, eventually, full_or_tenth, on_both};

const ROUNDS: usize = 200;

/// A log that holds whoever opens a connection between reading their rooms and telling presence.
struct Held {
    log: Arc<dyn ConnectionLog>,
    read: Notify,
    go_on: Notify,
}

#[async_trait]
impl ConnectionLog for Held {
    async fn opened(&self, connection: &OpenedConnection) -> Result<Option<Vec<RoomId>>, StoreError> {
        let rooms = self.log.opened(connection).await;
        self.read.notify_one();
        self.go_on.notified().await;
        rooms
    }

    async fn closed(&self, connection: &ConnectionId) -> Result<Option<(UserId, Vec<RoomId>)>, StoreError> {
        self.log.closed(connection).await
    }

    async fn of_user(&self, user: UserId) -> Result<Vec<LoggedConnection>, StoreError> {
        self.log.of_user(user).await
    }

    async fn revoked(&self, since: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.log.revoked(since, limit).await
    }

    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError> {
        self.log.of_users(users).await
    }

    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(Registration, UnixMs)>, StoreError> {
        self.log.page(after, limit).await
    }

    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        self.log.still_open(connections).await
    }

    async fn reconnect_due(&self, now: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.log.reconnect_due(now, limit).await
    }

    async fn reconnect_told(&self, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.log.reconnect_told(connections).await
    }

    async fn opened_before(&self, cutoff: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.log.opened_before(cutoff, limit).await
    }

    async fn of_endpoint(&self, endpoint: &str, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.log.of_endpoint(endpoint, limit).await
    }
}

/// Opens a connection that isn't there: whatever is posted to it is counted as wasted.
async fn open(app: &App, user: i64, connection: &str) {
    let account = app.accounts.account(UserId(user)).await.unwrap().unwrap();
    let now = app.clock.now();
    let caller = Caller::of(&account, UnixMs(i64::MAX), now).unwrap();
    let connection = ConnectionId(connection.to_owned());
    let endpoint = app.config.sockets.endpoint_url.clone().unwrap();
    let address = Address { connection, endpoint, connected_at: now };
    registration::open(app, &caller, &address).await.unwrap();
}

fn wasted(hark: &Hark) -> u64 {
    hark.running.sockets().counters().posts_gone
}

async fn who_is_removed_while_connecting_gets_nothing(world: &World) {
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "0")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[]).await;
    let mut anns = hark.connect(&ann).await;
    let app = hark.running.app();
    let log = app.connection_log.clone();
    let held = Arc::new(Held { log, read: Notify::new(), go_on: Notify::new() });
    let slow = App { connection_log: held.clone(), ..(**app).clone() };
    for round in 0..full_or_tenth(ROUNDS) {
        let members = format!("/api/v1/rooms/{room}/members");
        hark.post(&ann, &members, &json!({"member_ids": [bob.id]})).await.expect(200);
        let connection = format!("late{round}=");
        // The news of joining may have gone to the connection of the round before, which is a member's again.
        let before = wasted(&hark);
        let removing = async {
            held.read.notified().await;
            let path = format!("{members}/{}", bob.id);
            hark.request(Method::DELETE, &path, &ann.token, None).await.expect(204);
            anns.say(room, "is he gone?").await;
            held.go_on.notify_one();
        };
        tokio::join!(open(&slow, bob.id, &connection), removing);
        anns.say(room, "he is").await;
        eventually(async || hark.standing(room).await.open == 0).await;
        assert_eq!(wasted(&hark), before, "round {round}");
        registration::forget(app, &ConnectionId(connection)).await.unwrap();
    }
    hark.stop().await;
}

async fn who_is_posted_to_before_connect_returned_is_not_forgotten(world: &World) {
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "0")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    let (app, faults) = (hark.running.app(), hark.running.sockets().faults());
    let known = async || app.presence.listeners(&[UserId(bob.id)]).await.unwrap().len();
    for round in 0..full_or_tenth(ROUNDS) {
        faults.hold_connects(true);
        let before = wasted(&hark);
        let posting = async {
            eventually(async || known().await == 1).await;
            anns.say(room, &format!("message {round}")).await;
            assert!(wasted(&hark) > before, "it was posted to");
            faults.hold_connects(false);
        };
        let (mut bobs, ()) = tokio::join!(hark.connect(&bob), posting);
        assert_eq!(bobs.next_of("message").await["content"], format!("message {round}"));
        assert_eq!(known().await, 1);
        bobs.close().await;
        eventually(async || known().await == 0).await;
    }
    hark.stop().await;
}

on_both! {
    who_is_removed_while_connecting_gets_nothing,
    who_is_posted_to_before_connect_returned_is_not_forgotten,
}
