//! Posting to somebody else's server: a deadline, an answer of bounded size, no redirect followed.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

/// The largest answer that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Servers close a resting connection after a minute or more: ours go first.
const IDLE: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("no answer within the deadline")]
    Late,
    #[error("the answer has more than {ANSWER_MAX_BYTES} bytes, or broke off")]
    Unread,
    #[error("can't be reached: {0}")]
    Unreachable(String),
}

/// What a server answered, whatever the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    pub status: u16,
    pub body: Bytes,
}

/// One client for every target; connections are kept.
#[derive(Clone)]
pub struct WebhookClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Default for WebhookClient {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookClient {
    #[must_use]
    pub fn new() -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(crate::tls::client_config())
            .https_or_http()
            .enable_http1();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector.build());
        Self(client)
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
    ) -> Result<WebhookAnswer, WebhookError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = url.clone();
        *request.headers_mut() = headers;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        timeout(deadline, self.exchange(request)).await.unwrap_or(Err(WebhookError::Late))
    }

    /// Reads what is there, within the deadline.
    ///
    /// # Errors
    /// As [`WebhookClient::post`].
    pub async fn get(&self, url: &Uri, deadline: Duration) -> Result<WebhookAnswer, WebhookError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = url.clone();
        timeout(deadline, self.exchange(request)).await.unwrap_or(Err(WebhookError::Late))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<WebhookAnswer, WebhookError> {
        let response = self.0.request(request).await;
        let response = response.map_err(|error| WebhookError::Unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
        let body = body.map_err(|_| WebhookError::Unread)?.to_bytes();
        Ok(WebhookAnswer { status, body })
    }
}
