//! One of each port, built once per cold start.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, ROUTING_TTL};
use crate::events::Subscribed;
use crate::identity::{Issuers, Tokens};
use crate::management::{ManagementApi, ManagementConfig};
use crate::moderation::Moderation;
use crate::ports::{
    Accounts, ApiKeys, Bans, Blocks, Broadcasts, Bus, Cache, CannedReplies, ConnectionLog, Connections,
    Database, Desk, Events, Flags, Messages, Mirrors, OfflinePush, Outbox, Presence, PushPending,
    PushSubscriptions, Rooms, Services, Statistics, Statuses, Visitors,
};
use crate::postgres::{Postgres, PostgresConfig};
use crate::push::PushChannels;
use crate::rabbitmq::{RabbitBus, RabbitConfig};
use crate::redis::{RedisConfig, RedisPresence};
use crate::secrets::{LoginUrl, Secrets};
use crate::sweeping_bus::SweepingBus;
use crate::telemetry;
use crate::webhook::Outbound;

/// One post; the fan-out's own budget is what bounds all of them.
const POST_DEADLINE: Duration = Duration::from_secs(3);

/// What a function works with.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub secrets: Arc<Secrets>,
    pub tokens: Arc<Tokens>,
    pub issuers: Arc<Issuers>,
    pub moderation: Arc<Moderation>,
    pub clock: Arc<dyn Clock>,
    pub database: Arc<dyn Database>,
    pub accounts: Arc<dyn Accounts>,
    pub api_keys: Arc<dyn ApiKeys>,
    pub blocks: Arc<dyn Blocks>,
    pub bans: Arc<dyn Bans>,
    pub rooms: Arc<dyn Rooms>,
    pub messages: Arc<dyn Messages>,
    pub flags: Arc<dyn Flags>,
    pub outbox: Arc<dyn Outbox>,
    pub events: Arc<dyn Events>,
    pub subscribed: Arc<Subscribed>,
    pub broadcasts: Arc<dyn Broadcasts>,
    pub connection_log: Arc<dyn ConnectionLog>,
    pub statuses: Arc<dyn Statuses>,
    pub push_subscriptions: Arc<dyn PushSubscriptions>,
    pub push_pending: Arc<dyn PushPending>,
    pub desk: Arc<dyn Desk>,
    pub visitors: Arc<dyn Visitors>,
    pub canned_replies: Arc<dyn CannedReplies>,
    pub statistics: Arc<dyn Statistics>,
    pub services: Arc<dyn Services>,
    /// To services, within the networks that they may be in.
    pub outbound: Outbound,
    pub cache: Arc<dyn Cache>,
    pub push: Arc<dyn OfflinePush>,
    pub presence: Arc<dyn Presence>,
    pub mirrors: Arc<dyn Mirrors>,
    pub bus: Arc<dyn Bus>,
    pub connections: Arc<dyn Connections>,
}

/// A service that most events of a function need, worth connecting to before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warm {
    Postgres,
    Redis,
    /// Takes the longest and is needed last: the start begins to connect and doesn't wait.
    RabbitMq,
}

impl App {
    /// Starts a function in AWS: its secrets, configuration, logging, figures under the function's name, the adapters,
    /// and side by side a connection to each service of `warm`. A service that is away doesn't stop the start.
    ///
    /// # Errors
    /// When a secret can't be read or the configuration is wrong, naming every bad key.
    pub async fn from_env(function: &'static str, warm: &[Warm]) -> Result<Self, ConfigError> {
        let secrets = Secrets::from_env().await?;
        let config = Config::from_vars(|key| secrets.setting(key))?;
        telemetry::init(&config.log_level);
        telemetry::export(&config.statistics.metrics_namespace, function);
        let connections = ManagementApi::new(ManagementConfig { post_deadline: POST_DEADLINE });
        Self::on_services(config, &secrets, Arc::new(connections), warm).await
    }

    /// An app on Postgres, Redis and RabbitMQ, posting through `connections`.
    ///
    /// # Errors
    /// Names the URLs that are missing or malformed.
    pub async fn with_services(
        config: Config,
        connections: Arc<dyn Connections>,
        warm: &[Warm],
    ) -> Result<Self, ConfigError> {
        Self::on_services(config, &Arc::default(), connections, warm).await
    }

    async fn on_services(
        config: Config,
        secrets: &Arc<Secrets>,
        connections: Arc<dyn Connections>,
        warm: &[Warm],
    ) -> Result<Self, ConfigError> {
        let Adapters { postgres, redis, rabbitmq } = Adapters::new(&config, secrets)?;
        // Connecting may read the secrets again already.
        let (tokens, issuers) = keys(&config, secrets);
        connect(warm, &postgres, &redis, &rabbitmq).await;
        let (postgres, redis) = (Arc::new(postgres), Arc::new(redis));
        Ok(Self {
            tokens,
            issuers,
            moderation: Arc::new(Moderation::new(config.moderation.clone())),
            push: Arc::new(PushChannels::new(&config.push)),
            outbound: Outbound::new(config.registry.networks),
            config: Arc::new(config),
            secrets: Arc::clone(secrets),
            clock: Arc::new(SystemClock),
            database: postgres.clone(),
            accounts: postgres.clone(),
            api_keys: postgres.clone(),
            blocks: postgres.clone(),
            bans: postgres.clone(),
            rooms: postgres.clone(),
            messages: postgres.clone(),
            flags: postgres.clone(),
            outbox: postgres.clone(),
            events: postgres.clone(),
            subscribed: Arc::default(),
            broadcasts: postgres.clone(),
            connection_log: postgres.clone(),
            statuses: postgres.clone(),
            push_subscriptions: postgres.clone(),
            push_pending: postgres.clone(),
            desk: postgres.clone(),
            visitors: postgres.clone(),
            canned_replies: postgres.clone(),
            statistics: postgres.clone(),
            services: postgres,
            cache: redis.clone(),
            mirrors: redis.clone(),
            presence: redis,
            bus: Arc::new(SweepingBus::new(rabbitmq)),
            connections,
        })
    }
}

/// What checks tokens: by the keys of `config`, and by those that `secrets` say later.
fn keys(config: &Config, secrets: &Secrets) -> (Arc<Tokens>, Arc<Issuers>) {
    let tokens = Arc::new(Tokens::new(&config.identity));
    let issuers = Arc::new(Issuers::new(&config.identity.issuers));
    secrets.on_change({
        let (tokens, issuers) = (Arc::clone(&tokens), Arc::clone(&issuers));
        move |config| {
            tokens.replace_keys(&config.identity);
            issuers.replace(&config.identity.issuers);
        }
    });
    (tokens, issuers)
}

/// The adapters of the services, not yet connected.
struct Adapters {
    postgres: Postgres,
    redis: RedisPresence,
    rabbitmq: RabbitBus,
}

impl Adapters {
    fn new(config: &Config, secrets: &Arc<Secrets>) -> Result<Self, ConfigError> {
        let services = &config.services;
        let urls = [
            ("DATABASE_URL", &services.database_url),
            ("REDIS_URL", &services.redis_url),
            ("RABBITMQ_URL", &services.rabbitmq_url),
        ];
        let missing = urls.iter().filter(|(_, url)| url.is_none());
        let problems: Vec<_> = missing.map(|(key, _)| format!("{key}: is missing")).collect();
        let [Some(database_url), Some(redis_url), Some(rabbitmq_url)] =
            urls.map(|(key, url)| Some(LoginUrl::renewed(url.clone()?, key, secrets)))
        else {
            return Err(ConfigError { problems });
        };
        let postgres = Postgres::new(PostgresConfig {
            url: database_url,
            max_connections: services.database_connections,
            deadline: services.database_deadline,
        });
        let redis = RedisPresence::new(RedisConfig {
            url: redis_url,
            deadline: services.redis_deadline,
            presence_ttl: config.sockets.presence_ttl,
            routing_ttl: ROUTING_TTL,
            rate_messages_per_second: config.chat.rate_per_second,
            rate_burst: config.chat.rate_burst,
        });
        let rabbitmq = RabbitBus::new(RabbitConfig {
            url: rabbitmq_url,
            deadline: services.publish_deadline,
            fanout_queues: config.chat.fanout_queues,
            exchange: config.events.exchange.clone(),
        });
        let problem = |key: &str, error: &dyn std::fmt::Display| ConfigError {
            problems: vec![format!("{key}: {error}")],
        };
        let mut postgres = postgres.map_err(|error| problem("DATABASE_URL", &error))?;
        if let Some(url) = &services.database_read_url {
            let url = LoginUrl::renewed(url.clone(), "DATABASE_READ_URL", secrets);
            postgres = postgres.reading_from(&url).map_err(|error| problem("DATABASE_READ_URL", &error))?;
        }
        Ok(Self { postgres, redis: redis.map_err(|error| problem("REDIS_URL", &error))?, rabbitmq })
    }
}

/// Side by side: a cold start waits for the slower of Postgres and Redis, and not for RabbitMQ, which takes longer than
/// both and an event's work before its publish.
async fn connect(warm: &[Warm], postgres: &Postgres, redis: &RedisPresence, rabbitmq: &RabbitBus) {
    if warm.contains(&Warm::RabbitMq) {
        rabbitmq.wake();
    }
    let postgres = async {
        if warm.contains(&Warm::Postgres) {
            note(Warm::Postgres, postgres.warm().await);
        }
    };
    let redis = async {
        if warm.contains(&Warm::Redis) {
            note(Warm::Redis, redis.warm().await);
        }
    };
    tokio::join!(postgres, redis);
}

fn note(service: Warm, connected: Result<(), impl std::fmt::Display>) {
    if let Err(error) = connected {
        tracing::warn!(?service, %error, "not connected yet");
    }
}
