//! A whole Hark in this process: started, and stopped in order.

use crate::{
    Options, Parts, Runner,
    app::{Backend, Embedded},
    embedded::bus::Queues,
    functions,
    gateway::sockets::Sockets,
    source::{Schedules, Sources},
    template::Template,
};
use shared::{app::App, chat::registration, clock::UnixMs, model::Listener};
use std::{
    mem::take,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// How many connections of an earlier run are forgotten at a time.
const FORGOTTEN_AT_ONCE: u32 = 500;

/// A runner with every function, serving.
pub struct Running {
    runner: Runner,
    app: Arc<App>,
    schedules: Schedules,
    embedded: Option<Embedded>,
    are_guests: bool,
}

/// Starts everything that `options` describe and returns once it serves.
///
/// # Errors
/// A port or the state folder is taken, a setting or the template is wrong, or a service isn't there.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    let mut template = Template::read(&options.template, &options.overrides())?;
    if let (Some(stage), Some(api)) = (&options.stage, &mut template.websocket) {
        api.stage.clone_from(stage);
    }
    let are_guests = functions::are_guests(&options, &template);
    let backend = Backend::open(&options, &template).await?;
    let invoker = functions::invoker(&options, &template, &backend)?;
    let Backend { app, sockets, ports, broker, embedded, .. } = backend;
    prepare(&app, embedded.is_some()).await?;
    let sources =
        Sources::start(take(&mut template.queues), take(&mut template.schedules), &broker, &invoker);
    let schedules = sources.schedules();
    let background = vec![sources.into_background()];
    let runner = Runner::start(&options, ports, Parts { template, sockets, invoker, background });
    Ok(Running { runner, app, schedules, embedded, are_guests })
}

/// What a deployment does before the first event, and the forgetting of sockets that died with an earlier
/// run.
async fn prepare(app: &App, alone: bool) -> anyhow::Result<()> {
    let migrated = migrate::handle(app, serde_json::Value::Null).await;
    migrated.map_err(|error| anyhow::anyhow!("cannot prepare the database and the queues: {error}"))?;
    loop {
        let dead = if alone { all(app).await? } else { of_our_endpoint(app).await? };
        if dead.is_empty() {
            return Ok(());
        }
        for Listener { address, .. } in dead {
            registration::forget(app, &address.connection).await?;
        }
    }
}

/// Embedded, no other endpoint shares the store.
async fn all(app: &App) -> anyhow::Result<Vec<Listener>> {
    Ok(app.connection_log.opened_before(UnixMs(i64::MAX), FORGOTTEN_AT_ONCE).await?)
}

async fn of_our_endpoint(app: &App) -> anyhow::Result<Vec<Listener>> {
    match &app.config.sockets.endpoint_url {
        Some(endpoint) => Ok(app.connection_log.of_endpoint(endpoint, FORGOTTEN_AT_ONCE).await?),
        None => Ok(Vec::new()),
    }
}

impl Running {
    /// Where sockets and HTTP are, as this machine reaches them.
    pub fn address(&self) -> SocketAddr {
        let mut address = self.runner.address();
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        address
    }

    /// `http://127.0.0.1:3000`
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `ws://127.0.0.1:3000`
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// The address that answers `@connections`: the same, or with real services a port of its own.
    pub fn management_address(&self) -> SocketAddr {
        self.runner.management_address()
    }

    /// What the functions work with.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The live sockets.
    pub fn sockets(&self) -> &Sockets {
        self.runner.sockets()
    }

    /// The queues; None with a real broker.
    pub fn queues(&self) -> Option<&Arc<Queues>> {
        self.embedded.as_ref().map(|embedded| &embedded.queues)
    }

    /// Runs schedules between their times.
    pub fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    /// Whether no real service is used.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Whether the functions are somebody else's: there is no Hark behind the address.
    pub fn are_guests(&self) -> bool {
        self.are_guests
    }

    /// Stops as [`Runner::stop`] does, and then closes the store. False when something was still running.
    pub async fn stop(self) -> bool {
        let done = self.runner.stop().await;
        if let Some(embedded) = self.embedded {
            embedded.store.close().await;
        }
        done
    }
}
