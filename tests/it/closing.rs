//! Live sockets end when what let them in ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use bytes::Bytes;
use serde_json::{Value, json};
use shared::app::App;
use shared::chat::closing::{self, Farewell};
use shared::identity::Caller;
use shared::ids::{ConnectionId, UserId};
use shared::model::{Address, Listener};
use shared::ports::{ConnectionInfo, Connections, Delay, Event, PostError};
use tokio::time::Instant;

use crate::app::{Posted, embedded_app};
use crate::hark::{Client, Hark, Socket, World, eventually, on_both};
use crate::posts::{aside, deliver};

/// The socket is told why, and closed.
async fn ends(socket: &mut Socket, reason: &str, reconnect: bool) {
    let told = socket.next_event("kicked").await;
    assert_eq!((&told["reason"], &told["reconnect"]), (&json!(reason), &json!(reconnect)), "{told}");
    assert!(told["timestamp"].is_i64(), "{told}");
    assert_eq!(socket.close_code().await, 1000);
}

async fn nothing_is_left_of(hark: &Hark, client: &Client) {
    let app = hark.running.app();
    eventually(async || {
        let status = app.presence.status(UserId(client.id), app.clock.now()).await.unwrap();
        let logged = app.connection_log.of_user(UserId(client.id)).await.unwrap();
        status.connections.is_empty() && logged.is_empty()
    })
    .await;
}

async fn logging_out_closes_every_socket_of_the_user(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut phone, mut laptop) = (hark.connect(&ann).await, hark.connect(&ann).await);
    let mut bobs = hark.connect(&bob).await;
    hark.post(&ann, "/api/v1/auth/logout", &json!({})).await.expect(204);
    ends(&mut phone, "logged_out", false).await;
    ends(&mut laptop, "logged_out", false).await;
    nothing_is_left_of(&hark, &ann).await;
    assert_eq!(bobs.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

async fn a_new_password_closes_the_sockets_of_older_tokens_alone(world: &World) {
    let hark = world.start().await;
    let new = json!({"username": "ann", "password": "123456"});
    let ann = client(hark.post_as_nobody("/api/v1/auth/register", &new).await.expect(201));
    let mut before = hark.connect(&ann).await;
    let change = json!({"old_password": "123456", "new_password": "1234567"});
    let ann = client(hark.post(&ann, "/api/v1/auth/password", &change).await.expect(200));
    ends(&mut before, "password_changed", false).await;

    let mut after = hark.connect(&ann).await;
    closing::revoked(hark.running.app(), UserId(ann.id), Farewell::PasswordChanged).await;
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(after.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

/// Of what registering and a new password answer.
fn client(issued: Value) -> Client {
    Client {
        id: issued["user"]["id"].as_i64().unwrap(),
        username: issued["user"]["username"].as_str().unwrap().to_owned(),
        token: issued["token"].as_str().unwrap().to_owned(),
    }
}

async fn deleting_the_account_closes_its_sockets(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut socket = hark.connect(&ann).await;
    hark.request(http::Method::DELETE, "/api/v1/users/me", &ann.token, None).await.expect(200);
    ends(&mut socket, "account_deleted", false).await;
    hark.stop().await;
}

async fn either_presence_or_the_log_is_enough_to_find_a_socket(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let (mut unheard, mut unlogged) = (hark.connect(&ann).await, hark.connect(&ann).await);
    let app = hark.running.app();
    let logged = app.connection_log.of_user(UserId(ann.id)).await.unwrap();
    let ids: Vec<_> = logged.iter().map(|logged| &logged.address.connection).collect();
    app.presence.forget(UserId(ann.id), ids[0], &[], app.clock.now()).await.unwrap();
    app.connection_log.closed(ids[1]).await.unwrap();
    hark.post(&ann, "/api/v1/auth/logout", &json!({})).await.expect(204);
    ends(&mut unheard, "logged_out", false).await;
    ends(&mut unlogged, "logged_out", false).await;
    hark.stop().await;
}

/// Sockets that nobody can reach from here: posts and closes fail, or never end.
struct OutOfReach {
    answers: bool,
}

#[async_trait]
impl Connections for OutOfReach {
    async fn post(&self, _: &Address, _: Bytes) -> Result<(), PostError> {
        self.fail().await
    }

    async fn inspect(&self, _: &Address) -> Result<ConnectionInfo, PostError> {
        Err(PostError::Gone)
    }

    async fn close(&self, _: &Address) -> Result<(), PostError> {
        self.fail().await
    }
}

impl OutOfReach {
    async fn fail(&self) -> Result<(), PostError> {
        if !self.answers {
            std::future::pending::<()>().await;
        }
        Err(PostError::Unreachable("cut off".to_owned()))
    }
}

async fn what_can_not_be_closed_at_once_is_closed_through_the_queue(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut socket = hark.connect(&ann).await;
    let app = hark.running.app();
    app.accounts.revoke_tokens(UserId(ann.id), app.clock.now()).await.unwrap();
    let cut_off = App { connections: Arc::new(OutOfReach { answers: true }), ..App::clone(app) };
    closing::revoked(&cut_off, UserId(ann.id), Farewell::LoggedOut).await;
    ends(&mut socket, "logged_out", false).await;
    nothing_is_left_of(&hark, &ann).await;
    hark.stop().await;
}

async fn a_socket_that_was_still_opening_is_told_and_closed_within_a_second_of_being_open(world: &World) {
    let hark = world.start_with(&[("PUSH_ROOM_MAX", "0")]).await;
    let ann = hark.user("ann").await;
    let (app, sockets) = (hark.running.app(), hark.running.sockets());
    sockets.faults().hold_connects(true);
    let kicking = async {
        eventually(async || app.presence.listeners(&[UserId(ann.id)]).await.unwrap().len() == 1).await;
        closing::kick(app, UserId(ann.id)).await;
        // By whoever kicked, and by `deliver`: from here on it is the retry queue's.
        eventually(async || sockets.counters().posts_gone == 2).await;
        sockets.faults().hold_connects(false);
        Instant::now()
    };
    let (mut socket, open) = tokio::join!(hark.connect(&ann), kicking);
    ends(&mut socket, "kicked", true).await;
    assert!(open.elapsed() < Duration::from_millis(1_500), "{:?}", open.elapsed());
    nothing_is_left_of(&hark, &ann).await;
    hark.stop().await;
}

async fn who_can_not_be_closed_is_tried_once_a_second_and_then_left_to_upkeep(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let _socket = hark.connect(&ann).await;
    let (app, kept) = aside(&hark);
    let app = App { connections: Arc::new(OutOfReach { answers: true }), ..app };
    closing::kick(&app, UserId(ann.id)).await;
    let mut published = kept.take();
    for attempt in 0..=11 {
        assert_eq!(published.len(), 1, "{published:?}");
        let (delay, event) = published.remove(0);
        let Event::CloseSockets(close) = &event else { panic!("{event:?}") };
        assert_eq!(delay, (attempt > 0).then_some(Delay::OneSecond));
        assert_eq!((close.attempt, close.listeners.len()), (attempt, 1));
        deliver(&app, &event).await.unwrap();
        published = kept.take();
    }
    assert_eq!(published, []);
    hark.stop().await;
}

async fn a_socket_that_outlived_its_revocation_is_closed_by_upkeep(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let app = hark.running.app();
    app.accounts.revoke_tokens(UserId(ann.id), app.clock.now()).await.unwrap();
    hark.running.schedules().run("upkeep").await.unwrap();
    ends(&mut anns, "token_revoked", false).await;
    assert_eq!(bobs.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

async fn a_handshake_let_in_before_the_revocation_is_refused_after_it(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let app = hark.running.app();
    let account = app.accounts.account(UserId(ann.id)).await.unwrap().unwrap();
    let now = app.clock.now();
    // What the authorizer found stands in the event of `$connect`; between the two comes the revocation.
    let caller = Caller::of(&account, now.plus(60_000), now).unwrap();
    assert_eq!(connect::handle(app, opening(&caller, "a=")).await.unwrap().status_code, 200);
    hark.post(&ann, "/api/v1/auth/logout", &json!({})).await.expect(204);
    assert_eq!(connect::handle(app, opening(&caller, "b=")).await.unwrap().status_code, 401);
    let logged = app.connection_log.of_user(UserId(ann.id)).await.unwrap();
    assert!(logged.iter().all(|logged| logged.address.connection.0 != "b="), "{logged:?}");
    hark.stop().await;
}

fn opening(caller: &Caller, connection: &str) -> ApiGatewayWebsocketProxyRequest {
    let event = json!({
        "headers": {},
        "multiValueHeaders": {},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "connectionId": connection,
            "domainName": "nowhere.invalid",
            "stage": "live",
            "connectedAt": 1_700_000_000_000_i64,
            "requestTimeEpoch": 1_700_000_000_000_i64,
            "authorizer": caller.to_context(),
        },
        "isBase64Encoded": false,
    });
    serde_json::from_value(event).unwrap()
}

async fn a_forgotten_socket_under_a_revoked_token_may_say_no_more(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut socket = hark.connect(&ann).await;
    let app = hark.running.app();
    let listener = app.presence.listeners(&[UserId(ann.id)]).await.unwrap().remove(0);
    app.accounts.revoke_tokens(UserId(ann.id), app.clock.now()).await.unwrap();
    let id = &listener.address.connection;
    app.presence.forget(UserId(ann.id), id, &[], app.clock.now()).await.unwrap();
    socket.refused("unauthenticated", json!({"type": "message", "to": "ann", "content": "still here"})).await;
    socket.refused("unauthenticated", json!({"type": "heartbeat"})).await;
    hark.stop().await;
}

on_both! {
    logging_out_closes_every_socket_of_the_user,
    a_new_password_closes_the_sockets_of_older_tokens_alone,
    deleting_the_account_closes_its_sockets,
    either_presence_or_the_log_is_enough_to_find_a_socket,
    what_can_not_be_closed_at_once_is_closed_through_the_queue,
    a_socket_that_was_still_opening_is_told_and_closed_within_a_second_of_being_open,
    who_can_not_be_closed_is_tried_once_a_second_and_then_left_to_upkeep,
    a_socket_that_outlived_its_revocation_is_closed_by_upkeep,
    a_handshake_let_in_before_the_revocation_is_refused_after_it,
    a_forgotten_socket_under_a_revoked_token_may_say_no_more,
}

#[tokio::test]
async fn closing_returns_within_a_second_whatever_the_sockets_do() {
    let folder = tempfile::tempdir().unwrap();
    let app = embedded_app(folder.path(), Arc::new(Posted::default())).await;
    let account = app.accounts.create(crate::conformance::account("ann"), app.clock.now()).await.unwrap();
    let now = app.clock.now();
    let caller = Caller::of(&account, now.plus(60_000), now).unwrap();
    for n in 0..200 {
        assert_eq!(connect::handle(&app, opening(&caller, &format!("{n}="))).await.unwrap().status_code, 200);
    }
    let stuck = App { connections: Arc::new(OutOfReach { answers: false }), ..app };
    let started = Instant::now();
    closing::kick(&stuck, caller.user).await;
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!(stuck.connection_log.of_user(caller.user).await.unwrap().len(), 200, "none was closed");
}

/// A socket whose `$connect` returns between its last words and its end.
struct Opening;

#[async_trait]
impl Connections for Opening {
    async fn post(&self, _: &Address, _: Bytes) -> Result<(), PostError> {
        Err(PostError::Gone)
    }

    async fn inspect(&self, _: &Address) -> Result<ConnectionInfo, PostError> {
        Err(PostError::Gone)
    }

    async fn close(&self, _: &Address) -> Result<(), PostError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_socket_that_can_not_be_told_yet_is_not_closed_yet() {
    let folder = tempfile::tempdir().unwrap();
    let app = embedded_app(folder.path(), Arc::new(Posted::default())).await;
    let app = App { connections: Arc::new(Opening), ..app };
    let at = |connected_at| Listener {
        user: UserId(1),
        address: Address {
            connection: ConnectionId("a=".to_owned()),
            endpoint: "http://nowhere.invalid/live".to_owned(),
            connected_at,
        },
    };
    let (young, old) = (at(app.clock.now()), at(app.clock.now().plus(-60_000)));
    let frame = Farewell::Kicked.frame(&app);
    let sockets = vec![young.clone(), old];
    assert_eq!(closing::end(&app, sockets, &frame, Duration::from_secs(5)).await, [young]);
}
