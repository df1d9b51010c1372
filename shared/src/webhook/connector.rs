//! Connecting where somebody else said: every address is checked just before, be it written in the URL or what
//! its name leads to at that moment, so that a name can't be pointed inside after it was taken.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower::Service;

use super::networks::{Networks, literal};

const INSIDE: &str = "the address is in a network that is not to be connected to";

/// TCP within some networks.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    networks: Networks,
}

impl Connector {
    pub(super) fn new(networks: Networks) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(networks));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, networks }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    /// An address in the URL never reaches the resolver.
    fn call(&mut self, url: Uri) -> Self::Future {
        let address = url.host().and_then(literal);
        if address.is_some_and(|address| !self.networks.allows(address)) {
            return Box::pin(async { Err(INSIDE.into()) });
        }
        let connecting = self.tcp.call(url);
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}

/// Looks names up, and leaves out what isn't allowed of what they lead to.
#[derive(Clone)]
struct Resolver(Networks);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let networks = self.0;
        Box::pin(async move {
            // The port of the URL takes the place of this one.
            let found = lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| networks.allows(address.ip())).collect();
            if allowed.is_empty() { Err(io::Error::other(INSIDE)) } else { Ok(allowed.into_iter()) }
        })
    }
}
