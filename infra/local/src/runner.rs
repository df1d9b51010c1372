//! Puts the runner together and stops it in order.

use crate::{
    gateway::{Gateway, Lifecycle, Listener, ManagementAccess, SignedManagement, sockets::Sockets},
    invoke::Invoker,
    options::Options,
    template::Template,
};
use futures::future::BoxFuture;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long a stop waits for what is in flight.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Something that invokes functions on its own: a queue source or a schedule. It runs until the token is
/// cancelled and ends when its invocations in flight have.
pub type Background = Box<dyn FnOnce(CancellationToken) -> BoxFuture<'static, ()> + Send>;

/// The ports of a runner, bound before it starts: its functions are told their addresses.
pub struct Ports {
    main: Listener,
    management: Option<Listener>,
    access: ManagementAccess,
}

impl Ports {
    /// Binds the ports that `options` name; `access` decides whether `@connections` has its own.
    ///
    /// # Errors
    /// A port is taken, or not ours to bind: says which, and what to set.
    pub fn bind(options: &Options, access: ManagementAccess) -> io::Result<Self> {
        let own = SocketAddr::new(options.management_host, options.own_management_port());
        Ok(Self {
            main: listen(SocketAddr::new(options.host, options.port), "PORT")?,
            management: match &access {
                ManagementAccess::Loopback => None,
                ManagementAccess::Signed(_) => Some(listen(own, "MANAGEMENT_PORT")?),
            },
            access,
        })
    }

    /// The address of sockets and HTTP.
    pub fn address(&self) -> SocketAddr {
        self.main.address()
    }

    /// The address that answers `@connections`: the main one, or a port of its own.
    pub fn management_address(&self) -> SocketAddr {
        let listener = self.management.as_ref().unwrap_or(&self.main);
        listener.address()
    }
}

/// Binds `address`; `variable` is what sets its port.
fn listen(address: SocketAddr, variable: &str) -> io::Result<Listener> {
    let said = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            let port = address.port();
            format!("port {port} is in use: set {variable} to another one, or to 0 for any free one")
        }
        _ => format!("cannot listen on {address}: {error}"),
    };
    Listener::bind(address).map_err(|error| io::Error::new(error.kind(), said(error)))
}

/// What a runner is made of. The order: [`Sockets`], the handlers that post through them, the
/// [`Invoker`] over the handlers, the runner.
pub struct Parts {
    /// What is served, usually by [`Template::read`].
    pub template: Template,
    /// The live sockets; the gateway fills them.
    pub sockets: Sockets,
    /// Runs the functions.
    pub invoker: Arc<dyn Invoker>,
    /// Queue sources and schedules.
    pub background: Vec<Background>,
}

/// A running runner. Dropping it leaves its tasks running: call [`Runner::stop`].
pub struct Runner {
    address: SocketAddr,
    management_address: SocketAddr,
    sockets: Sockets,
    gateway: Arc<Gateway>,
    lifecycle: Lifecycle,
}

impl Runner {
    /// Serves `parts` on `ports`. Needs a Tokio runtime around it.
    pub fn start(options: &Options, ports: Ports, parts: Parts) -> Self {
        let (address, management_address) = (ports.address(), ports.management_address());
        let Parts { mut template, sockets, invoker, background } = parts;
        if let (Some(stage), Some(api)) = (&options.stage, &mut template.websocket) {
            api.stage.clone_from(stage);
        }
        let lifecycle = Lifecycle::default();
        let gateway =
            Gateway::new(&template, &invoker, &sockets, options.limits(), &ports.access, &lifecycle);
        let gateway = Arc::new(gateway);
        if let (Some(listener), ManagementAccess::Signed(key)) = (ports.management, ports.access) {
            let management = SignedManagement::new(&template, sockets.clone(), key);
            listener.serve(Arc::new(management), &lifecycle);
        }
        ports.main.serve(gateway.clone(), &lifecycle);
        for task in background {
            lifecycle.tasks.spawn(task(lifecycle.stopping.clone()));
        }
        Self { address, management_address, sockets, gateway, lifecycle }
    }

    /// The address of sockets and HTTP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that answers `@connections`: the main one, or a port of its own.
    pub fn management_address(&self) -> SocketAddr {
        self.management_address
    }

    /// The live sockets.
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// Stops: accepts nothing more, closes every socket with 1001, runs each `$disconnect`, and waits
    /// for what is in flight, 10 s at most. False when something was still running then.
    pub async fn stop(self) -> bool {
        self.lifecycle.stopping.cancel();
        self.lifecycle.tasks.close();
        self.gateway.close_all();
        let done = tokio::time::timeout(STOP_LIMIT, self.lifecycle.tasks.wait()).await;
        if done.is_err() {
            tracing::warn!(running = self.lifecycle.tasks.len(), "stopped with work in flight");
        }
        done.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Credentials;
    use std::net::Ipv4Addr;

    fn management_ip(options: &Options, access: ManagementAccess) -> std::net::IpAddr {
        Ports::bind(options, access).unwrap().management_address().ip()
    }

    /// Binding needs a runtime around it.
    #[tokio::test]
    async fn a_port_of_its_own_for_connections_is_on_this_machine_alone_unless_told_otherwise() {
        let key = Credentials { access_key: "local".to_owned(), secret_key: "secret".to_owned() };
        let options = Options { port: 0, ..Options::defaults() };
        assert!(management_ip(&options, ManagementAccess::Signed(key.clone())).is_loopback());
        let everywhere = Options { management_host: Ipv4Addr::UNSPECIFIED.into(), ..options };
        assert!(management_ip(&everywhere, ManagementAccess::Signed(key)).is_unspecified());
        assert!(management_ip(&everywhere, ManagementAccess::Loopback).is_loopback());
    }
}
