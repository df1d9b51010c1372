//! What functions tell CloudWatch: their own binaries, and a hand count of what they did.

mod document;

use std::path::PathBuf;

use axum::Router;
use axum::routing::post;
use futures::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};
use shared::app::App;
use shared::clock::{Clock, SystemClock};
use shared::ids::RoomId;
use shared::model::{RoomType, User};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;

use crate::conformance::{account, new_room};
use crate::hark::{World, eventually, on_services};
use crate::thaw::{Instance, all_variables, app};
use document::{Told, told};

const CONNECT: &str = include_str!("../../../events/connect/token-in-query.json");
const MESSAGE: &str = include_str!("../../../events/message/message.json");
const DISCONNECT: &str = include_str!("../../../events/disconnect/idle.json");
const EVERY_MINUTE: &str = include_str!("../../../events/upkeep/every-minute.json");
const WITHOUT_TOKEN: &str = include_str!("../../../events/authorize/without-token.json");
const LIST_WITHOUT_TOKEN: &str = include_str!("../../../events/rooms/list-without-token.json");
const OPENED_AND_ASSIGNED: &str = include_str!("../../../events/assign/session-opened-and-assigned.json");
const DELIVERY_DUE: &str = include_str!("../../../events/relay/delivery-due.json");
const SEED: &str = include_str!("../../../events/seed.sql");

const NAMESPACE: &str = "Hark/tests";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_what_was_done() {
    on_services(a_short_story).await;
}

async fn a_short_story(world: &World) {
    let functions = Functions::on(world).await;
    let users = join_all(["ann", "bob", "cat", "dan"].map(|name| functions.user(name))).await;
    let (ann, room) = (&users[0], functions.room(&users).await);

    let connect = functions.start("connect");
    for user in &users {
        assert_eq!(connect.invoke(event(CONNECT, user, None)).await.unwrap()["statusCode"], 200);
    }
    // As many as a user may have, and one more.
    assert_eq!(connect.invoke(event(CONNECT, ann, Some("again="))).await.unwrap()["statusCode"], 429);

    let message = functions.start("message");
    let hello = json!({"type": "message", "id": "m1", "room_id": room, "content": "hello"});
    for frame in [&hello, &hello] {
        assert_eq!(said(&message, ann, frame).await["type"], "ack");
    }
    for content in ["", " "] {
        let frame = json!({"type": "message", "room_id": room, "content": content});
        assert_eq!(said(&message, ann, &frame).await["code"], "invalid");
    }
    let elsewhere = json!({"type": "recall", "message_id": "01980000-0000-7000-8000-000000000000"});
    assert_eq!(said(&message, ann, &elsewhere).await["code"], "not_found");

    let disconnect = functions.start("disconnect");
    let mut nobodys = event(DISCONNECT, ann, None);
    nobodys["requestContext"]["connectionId"] = Value::Null;
    disconnect.invoke(nobodys).await.expect_err("it names no connection");
    assert_counts(&functions.told("disconnect"), &[("ColdStarts{Function=disconnect}", &[1.0])]);
    disconnect.invoke(event(DISCONNECT, ann, None)).await.unwrap();

    assert_counts(
        &functions.told("connect"),
        &[
            ("ColdStarts{Function=connect}", &[1.0]),
            ("ConnectionsOpened{Function=connect}", &[1.0, 1.0, 1.0, 1.0]),
            ("ConnectionsRefused{Function=connect}", &[1.0]),
        ],
    );
    let mut told = functions.told("message");
    let times = told.remove("DeliveryTime{Function=message}").expect("it was posted");
    assert!(times.len() == 2 && times.iter().all(|ms| (0.0..60_000.0).contains(ms)), "{times:?}");
    assert_counts(
        &told,
        &[
            ("ColdStarts{Function=message}", &[1.0]),
            ("Errors{Code=invalid,Function=message}", &[1.0, 1.0]),
            ("Errors{Code=not_found,Function=message}", &[1.0]),
            // The repeat is posted again, since nobody has settled the first, and stored once.
            ("MessagesStored{Function=message}", &[1.0]),
            ("Posts{Function=message}", &[3.0, 3.0]),
            ("Recipients{Function=message}", &[3.0, 3.0]),
        ],
    );
    assert_counts(
        &functions.told("disconnect"),
        &[("ColdStarts{Function=disconnect}", &[1.0]), ("ConnectionsClosed{Function=disconnect}", &[1.0])],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upkeep_tells_what_waits() {
    on_services(async |world| {
        let functions = Functions::on(world).await;
        let bus = &functions.app.bus;
        bus.dead_letter("chat.messages", b"nonsense", "doesn't read", functions.app.clock.now())
            .await
            .unwrap();
        let waiting = async || bus.depths().await.unwrap().iter().map(|queue| queue.messages).sum::<u64>();
        // A quorum queue says a little later how long it is.
        eventually(async || waiting().await == 1).await;
        let upkeep = functions.start("upkeep");
        upkeep.invoke(serde_json::from_str(EVERY_MINUTE).unwrap()).await.unwrap();

        let mut expected: Told = ["ColdStarts", "OutboxOpen", "OutboxAge"]
            .map(|name| (format!("{name}{{Function=upkeep}}"), vec![0.0]))
            .into();
        expected.insert("ColdStarts{Function=upkeep}".to_owned(), vec![1.0]);
        for queue in bus.depths().await.unwrap() {
            let messages = f64::from(u8::from(queue.queue == "chat.dead.letter"));
            expected
                .insert(format!("QueueMessages{{Function=upkeep,Queue={}}}", queue.queue), vec![messages]);
        }
        assert_eq!(functions.told("upkeep"), expected);
    })
    .await;
}

/// By the files that are replayed in development, on the state that they are about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_of_every_kind_tell_what_they_did() {
    on_services(async |world| {
        let functions = Functions::on(world).await;
        let mut database = PgConnection::connect(&world.services().database_url).await.unwrap();
        sqlx::raw_sql(SEED).execute(&mut database).await.unwrap();
        let told = functions.told_of("assign", OPENED_AND_ASSIGNED).await;
        assert_counts(
            &told,
            &[
                ("ColdStarts{Function=assign}", &[1.0]),
                ("SessionWait{Function=assign}", &[0.12]),
                ("SessionsAssigned{Function=assign}", &[1.0]),
                ("SessionsQueued{Function=assign}", &[1.0]),
            ],
        );
        // Nobody is at the address that the event goes to.
        let told = functions.told_of("relay", DELIVERY_DUE).await;
        assert_counts(
            &told,
            &[("ColdStarts{Function=relay}", &[1.0]), ("EventsFailed{Function=relay}", &[1.0])],
        );
        let told = functions.told_of("rooms", LIST_WITHOUT_TOKEN).await;
        assert_counts(
            &told,
            &[
                ("ColdStarts{Function=rooms}", &[1.0]),
                ("Errors{Code=unauthenticated,Function=rooms}", &[1.0]),
            ],
        );
        let told = functions.told_of("authorize", WITHOUT_TOKEN).await;
        assert_counts(
            &told,
            &[("ColdStarts{Function=authorize}", &[1.0]), ("ConnectionsRefused{Function=authorize}", &[1.0])],
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_without_a_namespace() {
    on_services(async |world| {
        let mut functions = Functions::on(world).await;
        functions.variables.retain(|(name, _)| name != "METRICS_NAMESPACE");
        let connect = functions.start("connect");
        connect.invoke(event(CONNECT, &functions.user("ann").await, None)).await.unwrap();
        assert_counts(&functions.told("connect"), &[]);
    })
    .await;
}

fn assert_counts(told: &Told, expected: &[(&str, &[f64])]) {
    let expected: Told =
        expected.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect();
    assert_eq!(*told, expected);
}

/// Functions on the services of a world, whose every post is taken.
struct Functions {
    app: App,
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Functions {
    async fn on(world: &World) -> Self {
        let endpoint = endpoint().await;
        let more = [
            ("ENDPOINT_URL", endpoint.as_str()),
            ("METRICS_NAMESPACE", NAMESPACE),
            ("USER_MAX_CONNECTIONS", "1"),
        ];
        let variables = all_variables(world, &more);
        Self { app: app(&variables).await, folder: world.folder().to_owned(), variables }
    }

    fn start(&self, name: &str) -> Instance {
        Instance::of(name, &self.variables, &self.log(name))
    }

    /// What a function tells of one event, whether it fails or not.
    async fn told_of(&self, function: &str, event: &str) -> Told {
        let instance = self.start(function);
        let _ = instance.invoke(serde_json::from_str(event).unwrap()).await;
        self.told(function)
    }

    fn told(&self, function: &str) -> Told {
        told(&self.log(function), NAMESPACE)
    }

    fn log(&self, function: &str) -> PathBuf {
        self.folder.join(format!("{function}.log"))
    }

    async fn user(&self, name: &str) -> User {
        self.app.accounts.create(account(name), self.app.clock.now()).await.unwrap().user
    }

    async fn room(&self, members: &[User]) -> RoomId {
        let ids: Vec<_> = members.iter().map(|user| user.id).collect();
        let team = new_room(RoomType::Group, "team", ids[0], &ids);
        self.app.rooms.create(team, 10, self.app.clock.now()).await.unwrap().id
    }
}

/// An `@connections` that takes every post.
async fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/@connections/{id}", post(async || StatusCode::OK));
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}")
}

async fn said(function: &Instance, user: &User, frame: &Value) -> Value {
    let mut event = event(MESSAGE, user, None);
    event["body"] = json!(frame.to_string());
    let reply = function.invoke(event).await.expect("a reply");
    serde_json::from_str(reply["body"].as_str().expect("a frame")).unwrap()
}

/// An event of a user's socket, which has their name unless another is given.
fn event(file: &str, user: &User, connection: Option<&str>) -> Value {
    let mut event: Value = serde_json::from_str(file).unwrap();
    let context = &mut event["requestContext"];
    let own = format!("{}=", user.username);
    context["connectionId"] = json!(connection.unwrap_or(&own));
    // One that opened hours ago counts as gone.
    context["connectedAt"] = json!(SystemClock.now().0);
    context["authorizer"]["user_id"] = json!(user.id.to_string());
    context["authorizer"]["principalId"] = json!(user.id.to_string());
    context["authorizer"]["username"] = json!(user.username);
    event
}
