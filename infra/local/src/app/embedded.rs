//! Without a service: state in a file, presence and queues in memory, posts straight to the sockets.

use super::{Backend, Embedded, bind, keep_jwt_secret};
use crate::{
    Options,
    embedded::{
        LocalConnections, LoggedPush, MemoryCache,
        bus::{InProcessBus, Queues},
        presence::{MemoryPresence, MemoryPresenceConfig},
        sqlite::Sqlite,
    },
    gateway::{ManagementAccess, sockets::Sockets},
    source::Broker,
    state_dir::StateDir,
    template::Template,
    variables::Variables,
};
use shared::{
    app::App,
    clock::SystemClock,
    config::{Config, ROUTING_TTL},
    identity::{Issuers, Tokens},
    moderation::Moderation,
    ports::OfflinePush,
    push::PushChannels,
    sweeping_bus::SweepingBus,
    webhook::Outbound,
};
use std::sync::Arc;

pub(super) async fn open(
    options: &Options,
    template: &Template,
    mut variables: Variables,
) -> anyhow::Result<Backend> {
    let ports = bind(options, template, ManagementAccess::Loopback, &mut variables)?;
    let folder = StateDir::take(&options.state_dir)?;
    let store = Sqlite::open(&folder.database()).await?;
    keep_jwt_secret(&store, &mut variables).await?;
    let config = variables.config(template)?;
    let (sockets, queues) = (options.sockets(), Arc::new(Queues::default()));
    Ok(Backend {
        app: Arc::new(App { clock: sockets.clock().clone(), ..app(config, &store, &queues, &sockets) }),
        sockets,
        ports,
        broker: Broker::InProcess(queues.clone()),
        variables,
        embedded: Some(Embedded { queues, store, _folder: folder }),
    })
}

fn app(config: Config, store: &Sqlite, queues: &Arc<Queues>, sockets: &Sockets) -> App {
    let store = Arc::new(store.clone());
    let presence = Arc::new(MemoryPresence::new(presence(&config)));
    App {
        tokens: Arc::new(Tokens::new(&config.identity)),
        issuers: Arc::new(Issuers::new(&config.identity.issuers)),
        moderation: Arc::new(Moderation::new(config.moderation.clone())),
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
        push: push(&config),
        outbound: Outbound::new(config.registry.networks),
        presence: presence.clone(),
        mirrors: presence,
        bus: Arc::new(SweepingBus::new(InProcessBus::new(queues.clone(), config.chat.fanout_queues))),
        connections: Arc::new(LocalConnections::new(sockets.clone())),
        config: Arc::new(config),
        secrets: Arc::default(),
    }
}

/// The channels that are configured; none: the log.
fn push(config: &Config) -> Arc<dyn OfflinePush> {
    let channels = PushChannels::new(&config.push);
    if channels.reach().is_nobody() { Arc::new(LoggedPush) } else { Arc::new(channels) }
}

fn presence(config: &Config) -> MemoryPresenceConfig {
    MemoryPresenceConfig {
        presence_ttl: config.sockets.presence_ttl,
        routing_ttl: ROUTING_TTL,
        rate_messages_per_second: config.chat.rate_per_second,
        rate_burst: config.chat.rate_burst,
    }
}
