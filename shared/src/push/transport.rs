//! Posting where a client said: a name that leads into a private network is not followed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::lookup_host;
use tokio::time::timeout;
use tower::util::ServiceFn;

use super::address::is_public;

/// Push services close a resting connection after a minute or more: ours go first.
const IDLE: Duration = Duration::from_secs(30);
/// What is read of an answer, so that its connection can be used again.
const ANSWER_MAX_BYTES: usize = 16 * 1024;

type Addresses = std::vec::IntoIter<SocketAddr>;
type Resolver = ServiceFn<fn(Name) -> BoxFuture<'static, io::Result<Addresses>>>;

/// One client for every push service; connections are kept, redirects not followed.
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    deadline: Duration,
}

impl Transport {
    pub(super) fn new(deadline: Duration, allow_private: bool) -> Self {
        let resolve: fn(Name) -> _ = if allow_private { anywhere } else { public_only };
        let mut tcp = HttpConnector::new_with_resolver(tower::service_fn(resolve));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(crate::tls::client_config());
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(https.https_or_http().enable_http1().wrap_connector(tcp));
        Self { client, deadline }
    }

    /// Sends a request and answers the status.
    ///
    /// # Errors
    /// Why there was no answer within the deadline.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<u16, String> {
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| error.to_string())?;
            let status = response.status().as_u16();
            // The status says it all.
            let _ = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
            Ok(status)
        };
        timeout(self.deadline, exchange).await.unwrap_or_else(|_| Err("no answer within the deadline".into()))
    }
}

fn anywhere(name: Name) -> BoxFuture<'static, io::Result<Addresses>> {
    Box::pin(resolve(name))
}

fn public_only(name: Name) -> BoxFuture<'static, io::Result<Addresses>> {
    Box::pin(async {
        let public: Vec<_> = resolve(name).await?.filter(|address| is_public(address.ip())).collect();
        if public.is_empty() {
            return Err(io::Error::other("the name leads into a private network"));
        }
        Ok(public.into_iter())
    })
}

/// The port of the URL takes the place of this one.
async fn resolve(name: Name) -> io::Result<Addresses> {
    let addresses: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
    Ok(addresses.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let error = public_only("localhost".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("private network"), "{error}");
        assert!(anywhere("localhost".parse().unwrap()).await.unwrap().next().is_some());
    }
}
