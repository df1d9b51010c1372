//! Talking to somebody else's server: addresses checked, a deadline, an answer of bounded size, no redirect
//! followed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::connector::Connector;
use super::networks::Networks;
use super::silence::Silence;
use crate::clock::UnixMs;

/// The largest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Servers close a resting connection after a minute or more: ours go first.
const IDLE: Duration = Duration::from_secs(30);
/// How long the rest of an answer is waited for whose status said it all, so that its connection can be used
/// again.
const REST: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("no answer within the deadline")]
    Late,
    #[error("the answer has more than {ANSWER_MAX_BYTES} bytes, or broke off")]
    Unread,
    #[error("can't be reached: {0}")]
    Unreachable(String),
}

/// What a server answered, whatever the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundAnswer {
    pub status: u16,
    pub body: Bytes,
}

type Https = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// One client for every server within some networks; clones share its connections, which are kept.
#[derive(Clone)]
pub struct Outbound {
    networks: Networks,
    /// Made at its first use: most functions never go out.
    client: Arc<OnceLock<Https>>,
    silence: Arc<Silence>,
}

impl Outbound {
    #[must_use]
    pub fn new(networks: Networks) -> Self {
        Self { networks, client: Arc::default(), silence: Arc::default() }
    }

    /// Posts JSON, with more headers, and reads the answer, all within the deadline.
    ///
    /// # Errors
    /// Whether it was late, unreadable or out of reach; any status is an answer.
    pub async fn post(
        &self,
        url: &Uri,
        headers: HeaderMap,
        body: Bytes,
        deadline: Duration,
    ) -> Result<OutboundAnswer, OutboundError> {
        self.answer(json(url, headers, body), deadline).await
    }

    /// Posts JSON, with more headers, and gives the status of the answer.
    ///
    /// # Errors
    /// Whether it was late or out of reach.
    pub async fn post_for_status(
        &self,
        url: &Uri,
        headers: HeaderMap,
        body: Bytes,
        deadline: Duration,
    ) -> Result<u16, OutboundError> {
        self.status(json(url, headers, body), deadline).await
    }

    /// Whether a server let somebody wait for nothing not long ago, as [`Outbound::note_silence`] was told.
    #[must_use]
    pub fn is_silent(&self, url: &Uri, now: UnixMs) -> bool {
        self.silence.is_on(url, now)
    }

    /// A server let somebody wait for the whole of a deadline: who has others to talk to may leave it out for a while.
    pub fn note_silence(&self, url: &Uri, now: UnixMs) {
        self.silence.begins(url, now);
    }

    /// Asks by GET, and reads what is there, all within the deadline.
    ///
    /// # Errors
    /// As [`Outbound::post`].
    pub async fn get(&self, url: &Uri, deadline: Duration) -> Result<OutboundAnswer, OutboundError> {
        self.answer(of(Method::GET, url, Bytes::new()), deadline).await
    }

    /// Asks by GET, and gives the status of the answer.
    ///
    /// # Errors
    /// Whether it was late or out of reach.
    pub async fn get_for_status(&self, url: &Uri, deadline: Duration) -> Result<u16, OutboundError> {
        self.status(of(Method::GET, url, Bytes::new()), deadline).await
    }

    /// Sends any request, and gives the status of the answer.
    ///
    /// # Errors
    /// Whether it was late or out of reach.
    pub async fn status(
        &self,
        request: Request<Full<Bytes>>,
        deadline: Duration,
    ) -> Result<u16, OutboundError> {
        let response = timeout(deadline, self.response(request)).await.unwrap_or(Err(OutboundError::Late))?;
        let status = response.status().as_u16();
        let rest = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect();
        // The status says it all.
        let _ = timeout(REST.min(deadline), rest).await;
        Ok(status)
    }

    async fn answer(
        &self,
        request: Request<Full<Bytes>>,
        deadline: Duration,
    ) -> Result<OutboundAnswer, OutboundError> {
        let exchange = async {
            let response = self.response(request).await?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
            let body = body.map_err(|_| OutboundError::Unread)?.to_bytes();
            Ok(OutboundAnswer { status, body })
        };
        timeout(deadline, exchange).await.unwrap_or(Err(OutboundError::Late))
    }

    async fn response(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, OutboundError> {
        let client = self.client.get_or_init(|| https(self.networks));
        client.request(request).await.map_err(|error| OutboundError::Unreachable(root(&error)))
    }
}

fn https(networks: Networks) -> Https {
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(crate::tls::client_config())
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector::new(networks));
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(https)
}

fn json(url: &Uri, headers: HeaderMap, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = of(Method::POST, url, body);
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

fn of(method: Method, url: &Uri, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url.clone();
    request
}

/// The innermost error: those around it say no more than that a request failed.
fn root(error: &hyper_util::client::legacy::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests;
