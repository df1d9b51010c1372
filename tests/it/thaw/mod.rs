//! Functions that were frozen for so long that every server closed their connections: the first event
//! afterwards succeeds.

mod instance;
mod services;
mod tls_front;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use lapin::Channel;
use lapin::options::BasicGetOptions;
use lapin::uri::{AMQPScheme, AMQPUri};
use serde_json::{Value, json};
use shared::app::App;
use shared::config::Config;
use shared::ids::RoomId;
use shared::model::{RoomType, User};
use sqlx::{Connection, PgConnection};

use crate::app::Posted;
use crate::broker::Proxy;
use crate::conformance::{account, new_room};
use crate::failover::{Addresses, Nodes, cluster, sentinel, single};
use crate::hark::{World, eventually, on_services};
pub use instance::Instance;
use services::{close_all, connections_on};
use tls_front::TlsFront;

const MESSAGE_EVENT: &str = include_str!("../../../events/message/message.json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_functions_thaw_side_by_side() {
    on_services(async |world| the_first_event_succeeds(world, single::start().await, 20).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_thaws_over_sentinels() {
    on_services(async |world| the_first_event_succeeds(world, sentinel::start().await, 2).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_thaws_over_a_cluster() {
    on_services(async |world| the_first_event_succeeds(world, cluster::start().await, 2).await).await;
}

/// Redis with a password and RabbitMQ over TLS, by a certificate that the function is told to trust.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_thaws_over_tls() {
    let certificate = single::Certificate::make();
    let trusted = certificate.path().display().to_string();
    let redis = single::start_over_tls(&certificate).await;
    on_services(async |world| {
        let mut rabbitmq: AMQPUri = world.services().vhost.url.parse().unwrap();
        let front = TlsFront::start(&certificate, rabbitmq.authority.port).await;
        rabbitmq.scheme = AMQPScheme::AMQPS;
        rabbitmq.authority.port = front.port;
        rabbitmq.query.heartbeat = Some(1);
        let rabbitmq = rabbitmq.to_string();
        let variables =
            [("REDIS_URL", redis.url()), ("RABBITMQ_URL", &rabbitmq), ("SSL_CERT_FILE", &trusted)];
        the_first_event_succeeds_with(world, redis.addresses(), &variables, 2).await;
    })
    .await;
}

/// A start doesn't wait for the broker, which here takes the connection, says nothing and gives it up while the function
/// is frozen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_frozen_while_it_connects_publishes_afterwards() {
    on_services(async |world| {
        let plain = all_variables(world, &[]);
        let app = app(&plain).await;
        // Whoever finds presence empty asks for it to be rebuilt; that isn't to be ours.
        Sender::start(world, &app, &plain, 1).await.beat().await;
        let vhost = &world.services().vhost;
        let broker = Proxy::before(&vhost.url).await;
        broker.hold();
        let variables = all_variables(world, &[("RABBITMQ_URL", &broker.url)]);
        let sender = Sender::start(world, &app, &variables, 0).await;

        sender.beat().await;
        eventually(async || broker.taken() == 1).await;
        sender.instance.is_frozen().await;
        broker.come_back();
        broker.cut();

        sender.say("after").await;
        let published = until_all_publish(&[sender], &vhost.channel().await).await;
        assert!(published.values().all(|times| *times == 1), "{published:?}");
    })
    .await;
}

async fn the_first_event_succeeds(world: &World, redis: Nodes, count: usize) {
    let variables = [("REDIS_URL", redis.url())];
    the_first_event_succeeds_with(world, redis.addresses(), &variables, count).await;
}

async fn the_first_event_succeeds_with(
    world: &World,
    redis: &'static Addresses,
    variables: &[(&str, &str)],
    count: usize,
) {
    let variables = all_variables(world, variables);
    // By the plain ways, whose certificates it needn't trust.
    let app = app(&all_variables(world, &[])).await;
    let senders = join_all((0..count).map(|n| Sender::start(world, &app, &variables, n))).await;
    // Its own connection to the broker would be one that never goes.
    drop(app);
    let vhost = &world.services().vhost;
    all_say(&senders, "before").await;
    eventually(async || connections_on(&vhost.name).await >= count).await;

    join_all(senders.iter().map(|sender| sender.instance.is_frozen())).await;
    close_all(world, redis).await;
    all_say(&senders, "after").await;

    let published = until_all_publish(&senders, &vhost.channel().await).await;
    let stored = stored(world).await;
    let times = |sender: &Sender, word| published.get(&sender.content(word)).copied().unwrap_or_default();
    for sender in &senders {
        for word in ["before", "after"] {
            assert_eq!(
                stored.get(&sender.content(word)),
                Some(&1),
                "{} is stored once",
                sender.content(word)
            );
            assert!(times(sender, word) <= 1, "nothing is published twice");
        }
    }
    let at_once = senders.iter().filter(|sender| times(sender, "after") == 1).count();
    println!("{count} of {count} were acknowledged, {at_once} published by the function itself");
    // Who has no processor for the 300 ms that a send waits for the broker leaves it to the outbox.
    assert!(at_once >= count - count / 4, "{at_once} of {count} published by themselves");
}

/// Side by side; each is acknowledged.
async fn all_say(senders: &[Sender], word: &str) {
    join_all(senders.iter().map(|sender| sender.say(word))).await;
}

/// Lets them talk on until a message of each has come through the broker, which shows that their
/// connections to it are back; how often each content came.
async fn until_all_publish(senders: &[Sender], channel: &Channel) -> HashMap<String, i64> {
    let mut published = HashMap::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    for n in 0.. {
        take_published(channel, &mut published).await;
        let silent = |sender: &&Sender| {
            !published.contains_key(&sender.content("after"))
                && (0..n).all(|m| !published.contains_key(&sender.content(&format!("again {m}"))))
        };
        let silent: Vec<&Sender> = senders.iter().filter(silent).collect();
        if silent.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{} of them never publish again", silent.len());
        join_all(silent.into_iter().map(|sender| async move { sender.say(&format!("again {n}")).await }))
            .await;
    }
    published
}

/// Somebody alone in a room, and the function that serves them.
pub struct Sender {
    user: User,
    room: RoomId,
    pub instance: Instance,
}

impl Sender {
    pub async fn start(world: &World, app: &App, variables: &[(String, String)], n: usize) -> Self {
        let now = app.clock.now();
        let user = app.accounts.create(account(&format!("sender{n}")), now).await.unwrap().user;
        let room = app.rooms.create(new_room(RoomType::Group, "team", user.id, &[]), 10, now).await.unwrap();
        let log = world.folder().join(format!("message-{n}.log"));
        let instance = Instance::of("message", variables, &log);
        Self { user, room: room.id, instance }
    }

    pub fn content(&self, word: &str) -> String {
        format!("{word} by {}", self.user.username)
    }

    /// Publishes nothing.
    pub async fn beat(&self) {
        let reply = self.instance.invoke(self.framed("", &json!({"type": "heartbeat"}))).await;
        assert_eq!(reply.expect("the function answers")["statusCode"], 200);
    }

    /// Must be answered with an `ack`.
    pub async fn say(&self, word: &str) {
        let frame = self.ask(word).await;
        assert_eq!(frame["type"], "ack", "{word} by {}: {frame}", self.user.username);
    }

    /// The frame that it is answered with.
    pub async fn ask(&self, word: &str) -> Value {
        let reply = self.instance.invoke(self.event(word)).await.expect("the function answers");
        serde_json::from_str(reply["body"].as_str().expect("a frame")).unwrap()
    }

    fn event(&self, word: &str) -> Value {
        let content = self.content(word);
        self.framed(&content, &json!({"type": "message", "room_id": self.room, "content": content}))
    }

    fn framed(&self, message_id: &str, frame: &Value) -> Value {
        let mut event: Value = serde_json::from_str(MESSAGE_EVENT).unwrap();
        let context = &mut event["requestContext"];
        context["connectionId"] = json!(format!("{}=", self.user.username));
        context["messageId"] = json!(message_id);
        context["authorizer"]["user_id"] = json!(self.user.id.to_string());
        context["authorizer"]["principalId"] = json!(self.user.id.to_string());
        context["authorizer"]["username"] = json!(self.user.username);
        event["body"] = json!(frame.to_string());
        event
    }
}

/// Of the functions. Their deadlines are the world's: long, since the machine may be busy.
pub fn all_variables(world: &World, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut variables: HashMap<String, String> = world.variables().into_iter().collect();
    let heartbeat = format!("{}?heartbeat=1", world.services().vhost.url);
    for (name, value) in [
        ("RABBITMQ_URL", heartbeat.as_str()),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .iter()
    .chain(more)
    {
        variables.insert((*name).to_owned(), (*value).to_owned());
    }
    variables.into_iter().collect()
}

/// The test's own, which makes what the functions need.
pub async fn app(variables: &[(String, String)]) -> App {
    let lookup = |key: &str| variables.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let config = Config::from_vars(lookup).expect("the configuration");
    let app = App::with_services(config, Arc::new(Posted::default()), &[]).await.expect("the URLs");
    app.bus.declare().await.expect("the queues");
    app
}

/// How often each content is stored.
async fn stored(world: &World) -> HashMap<String, i64> {
    let mut postgres = PgConnection::connect(&world.services().database_url).await.unwrap();
    let rows = sqlx::query_as("select content, count(*) from messages group by content");
    let rows: Vec<(String, i64)> = rows.fetch_all(&mut postgres).await.unwrap();
    rows.into_iter().collect()
}

/// Counts each content that was published since the last look; nobody else reads the queue.
pub async fn take_published(channel: &Channel, published: &mut HashMap<String, i64>) {
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get("chat.messages".into(), options).await.unwrap() {
        let body: Value = serde_json::from_slice(&message.delivery.data).unwrap();
        *published.entry(content_of(&body).expect("a message")).or_default() += 1;
    }
}

/// Wherever in the event it stands.
fn content_of(body: &Value) -> Option<String> {
    match body {
        Value::Object(fields) => match fields.get("content").and_then(Value::as_str) {
            Some(content) => Some(content.to_owned()),
            None => fields.values().find_map(content_of),
        },
        _ => None,
    }
}
