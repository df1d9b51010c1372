//! An app without a service: the embedded stores, presence and bus, and sockets that only write down what
//! they were posted.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use local::embedded::MemoryCache;
use local::embedded::bus::{InProcessBus, Queues};
use local::embedded::presence::{MemoryPresence, MemoryPresenceConfig};
use local::embedded::sqlite::Sqlite;
use serde_json::Value;
use shared::app::App;
use shared::clock::SystemClock;
use shared::config::{Config, ROUTING_TTL};
use shared::identity::{Issuers, Tokens};
use shared::ids::ConnectionId;
use shared::model::Address;
use shared::moderation::Moderation;
use shared::ports::{ConnectionInfo, Connections, PostError};
use shared::push::PushChannels;
use shared::webhook::Outbound;

use crate::hark::UNLIMITED;

/// What every socket was posted, in order.
#[derive(Default)]
pub struct Posted(Mutex<Vec<(ConnectionId, Value)>>);

impl Posted {
    /// The frames that one connection got.
    pub fn to(&self, connection: &str) -> Vec<Value> {
        let posted = self.0.lock().unwrap();
        posted.iter().filter(|(to, _)| to.0 == connection).map(|(_, frame)| frame.clone()).collect()
    }
}

#[async_trait]
impl Connections for Posted {
    async fn post(&self, to: &Address, frame: Bytes) -> Result<(), PostError> {
        let frame = serde_json::from_slice(&frame).expect("a frame is JSON");
        self.0.lock().unwrap().push((to.connection.clone(), frame));
        Ok(())
    }

    async fn inspect(&self, _: &Address) -> Result<ConnectionInfo, PostError> {
        Err(PostError::Gone)
    }

    async fn close(&self, _: &Address) -> Result<(), PostError> {
        Err(PostError::Gone)
    }
}

/// The defaults, but for the limits, which a test would meet by accident.
pub fn config() -> Config {
    let lookup = |key: &str| match key {
        "JWT_SECRET" => Some("0123456789abcdef0123456789abcdef".to_owned()),
        limit if UNLIMITED.contains(&limit) => Some("0".to_owned()),
        _ => None,
    };
    Config::from_vars(lookup).expect("the configuration")
}

/// An app with its state in `folder`.
pub async fn embedded_app(folder: &Path, posted: Arc<Posted>) -> App {
    let config = config();
    let store = Arc::new(Sqlite::open(&folder.join("hark.db")).await.expect("open the store"));
    let presence = Arc::new(MemoryPresence::new(MemoryPresenceConfig {
        presence_ttl: config.sockets.presence_ttl,
        routing_ttl: ROUTING_TTL,
        rate_messages_per_second: config.chat.rate_per_second,
        rate_burst: config.chat.rate_burst,
    }));
    let queues = Arc::new(Queues::default());
    App {
        moderation: Arc::new(Moderation::new(config.moderation.clone())),
        tokens: Arc::new(Tokens::new(&config.identity)),
        issuers: Arc::new(Issuers::new(&config.identity.issuers)),
        clock: Arc::new(SystemClock),
        database: store.clone(),
        accounts: store.clone(),
        api_keys: store.clone(),
        blocks: store.clone(),
        bans: store.clone(),
        rooms: store.clone(),
        messages: store.clone(),
        flags: store.clone(),
        outbox: store.clone(),
        events: store.clone(),
        subscribed: Arc::default(),
        broadcasts: store.clone(),
        connection_log: store.clone(),
        statuses: store.clone(),
        push_subscriptions: store.clone(),
        push_pending: store.clone(),
        desk: store.clone(),
        visitors: store.clone(),
        canned_replies: store.clone(),
        statistics: store.clone(),
        services: store,
        cache: Arc::new(MemoryCache::default()),
        push: Arc::new(PushChannels::new(&config.push)),
        outbound: Outbound::new(config.registry.networks),
        presence: presence.clone(),
        mirrors: presence,
        bus: Arc::new(InProcessBus::new(queues, config.chat.fanout_queues)),
        connections: posted,
        config: Arc::new(config),
        secrets: Arc::default(),
    }
}
