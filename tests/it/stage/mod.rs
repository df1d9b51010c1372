//! The socket functions on an app whose clock a case turns, with sockets that keep what they are posted.

mod gate;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use bytes::Bytes;
use serde_json::{Value, json};
use shared::app::{App, Warm};
use shared::clock::{Clock, UnixMs};
use shared::config::Config;
use shared::ids::{RoomId, UserId};
use shared::model::{Address, Role, RoomType};
use shared::ports::{ConnectionInfo, Connections, NewAccount, NewRoom, PostError};

use crate::app::{Posted, embedded_app};
use crate::hark::World;
use crate::protocol;
use gate::Watched;

pub use gate::{Gate, Point};

const CONNECT: &str = include_str!("../../../events/connect/token-in-query.json");
const DISCONNECT: &str = include_str!("../../../events/disconnect/idle.json");
const MESSAGE: &str = include_str!("../../../events/message/message.json");
const EVERY_MINUTE: &str = include_str!("../../../events/upkeep/every-minute.json");

/// When every case begins.
const BEGINNING: i64 = 1_800_000_000_000;

pub struct Stage {
    pub app: App,
    pub gate: Arc<Gate>,
    /// How often the store was asked to resume.
    pub resumes: Arc<AtomicUsize>,
    sockets: Arc<Sockets>,
    clock: Arc<Turned>,
    events: AtomicUsize,
}

/// A socket of somebody's.
#[derive(Debug, Clone)]
pub struct Device {
    pub user: UserId,
    pub connection: String,
}

struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::Relaxed))
    }
}

/// What each socket was posted and has not been asked for.
struct Sockets {
    posted: Mutex<HashMap<String, Vec<Value>>>,
    gate: Arc<Gate>,
}

#[async_trait]
impl Connections for Sockets {
    async fn post(&self, to: &Address, frame: Bytes) -> Result<(), PostError> {
        self.gate.pass(Point::AtThePost).await;
        let frame = serde_json::from_slice(&frame).expect("a frame is JSON");
        protocol::check_received(&frame);
        self.posted.lock().unwrap().entry(to.connection.0.clone()).or_default().push(frame);
        Ok(())
    }

    async fn inspect(&self, _: &Address) -> Result<ConnectionInfo, PostError> {
        Err(PostError::Gone)
    }

    async fn close(&self, _: &Address) -> Result<(), PostError> {
        Err(PostError::Gone)
    }
}

impl Stage {
    /// On the state of `world`; nothing is removed until a day is over.
    pub async fn on(world: &World) -> Self {
        let gate = Gate::new();
        let sockets = Arc::new(Sockets { posted: Mutex::default(), gate: gate.clone() });
        let clock = Arc::new(Turned(AtomicI64::new(BEGINNING)));
        let resumes = Arc::new(AtomicUsize::new(0));
        let mut app = app(world).await;
        let mut config = (*app.config).clone();
        config.messages.retention_days = 1;
        app.config = Arc::new(config);
        app.clock = clock.clone();
        app.connections = sockets.clone();
        app.messages =
            Arc::new(Watched { inner: app.messages.clone(), gate: gate.clone(), resumes: resumes.clone() });
        migrate::handle(&app, Value::Null).await.expect("queues");
        Self { app, gate, resumes, sockets, clock, events: AtomicUsize::new(0) }
    }

    /// Lets time go on.
    pub fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn now(&self) -> i64 {
        self.app.clock.now().0
    }

    pub async fn user(&self, username: &str) -> UserId {
        let new = NewAccount {
            username: username.to_owned(),
            nickname: username.to_owned(),
            email: None,
            password_hash: Some("none".to_owned()),
            external: None,
            role: Role::User,
        };
        self.app.accounts.create(new, self.app.clock.now()).await.expect("the name is free").user.id
    }

    pub async fn room(&self, kind: RoomType, name: &str, members: &[UserId]) -> RoomId {
        let new = NewRoom {
            kind,
            name: name.to_owned(),
            description: String::new(),
            history_before_joining: true,
            creator: members[0],
            members: members.to_vec(),
        };
        self.app.rooms.create(new, 1_000, self.app.clock.now()).await.expect("a room").id
    }

    /// Opens a socket.
    pub async fn connect(&self, user: UserId) -> Device {
        let device = Device { user, connection: format!("socket-{}", self.next()) };
        let reply = connect::handle(&self.app, self.event(CONNECT, &device, None)).await.expect("connected");
        assert_eq!(reply.status_code, 200);
        device
    }

    /// The socket closes; what it was posted and did not read is lost.
    pub async fn disconnect(&self, device: &Device) {
        self.posted(device);
        disconnect::handle(&self.app, self.event(DISCONNECT, device, None)).await.expect("disconnected");
    }

    /// Sends a frame; the frame that answers it.
    pub async fn ask(&self, device: &Device, frame: &Value) -> Value {
        let reply =
            message::handle(&self.app, self.event(MESSAGE, device, Some(frame))).await.expect("a reply");
        let reply: Value = serde_json::from_str(&reply.body.expect("a frame")).expect("JSON");
        protocol::check_received(&reply);
        if reply["type"] != "error" {
            protocol::check_taken(frame);
        }
        reply
    }

    /// What came over the socket since it was last asked.
    pub fn posted(&self, device: &Device) -> Vec<Value> {
        self.sockets.posted.lock().unwrap().remove(&device.connection).unwrap_or_default()
    }

    /// What is done every minute.
    pub async fn upkeep(&self) {
        let event: EventBridgeEvent<Value> = serde_json::from_str(EVERY_MINUTE).expect("an event");
        upkeep::handle(&self.app, event).await.expect("swept");
    }

    fn event(&self, file: &str, device: &Device, body: Option<&Value>) -> ApiGatewayWebsocketProxyRequest {
        let mut event: Value = serde_json::from_str(file).expect("an event");
        let context = &mut event["requestContext"];
        context["connectionId"] = json!(device.connection);
        context["connectedAt"] = json!(self.now());
        context["authorizer"]["user_id"] = json!(device.user.to_string());
        if let Some(body) = body {
            context["messageId"] = json!(format!("event-{}", self.next()));
            event["body"] = json!(body.to_string());
        }
        serde_json::from_value(event).expect("an event of the gateway")
    }

    fn next(&self) -> usize {
        self.events.fetch_add(1, Ordering::Relaxed)
    }
}

async fn app(world: &World) -> App {
    if !world.is_real() {
        return embedded_app(world.folder(), Arc::new(Posted::default())).await;
    }
    let mut variables: HashMap<String, String> = world.variables().into_iter().collect();
    variables.insert("JWT_SECRET".to_owned(), "0123456789abcdef0123456789abcdef".to_owned());
    variables.insert("RATE_LIMIT_MESSAGES".to_owned(), "0".to_owned());
    let config = Config::from_vars(|key| variables.get(key).cloned()).expect("the configuration");
    let warm = [Warm::Postgres, Warm::Redis, Warm::RabbitMq];
    App::with_services(config, Arc::new(Posted::default()), &warm).await.expect("an app")
}
