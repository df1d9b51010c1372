use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Gateways close a resting connection after a minute or more: ours go first.
const IDLE: Duration = Duration::from_secs(30);

/// HTTP/1.1 over connections that are kept: a client for each scheme.
#[derive(Debug)]
pub(crate) struct Http {
    connects_within: Duration,
    plain: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    /// Made for the first https URL: it is what needs the root certificates.
    tls: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

impl Http {
    /// A host that swallows packets counts as not connected after `connects_within`.
    pub(crate) const fn new(connects_within: Duration) -> Self {
        Self { connects_within, plain: OnceLock::new(), tls: OnceLock::new() }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        if request.uri().scheme() == Some(&Scheme::HTTPS) {
            self.tls.get_or_init(|| self.tls_client()).request(request).await
        } else {
            self.plain.get_or_init(|| client(self.connector())).request(request).await
        }
    }

    fn connector(&self) -> HttpConnector {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.connects_within));
        connector
    }

    fn tls_client(&self) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(crate::tls::client_config())
            .https_only()
            .enable_http1();
        client(https.wrap_connector(self.connector()))
    }
}

fn client<C: Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector)
}
