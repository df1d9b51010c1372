use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use crate::ids::ConnectionId;
use crate::ports::PostError;

/// Gateways close a resting connection after a minute or more: ours go first.
const IDLE: Duration = Duration::from_secs(30);

/// The clients that post, one for each scheme.
pub(super) struct Transport {
    deadline: Duration,
    plain: OnceLock<Client<HttpConnector, Full<Bytes>>>,
    /// Made for the first https endpoint: it is what needs the root certificates.
    tls: OnceLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

impl Transport {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { deadline, plain: OnceLock::new(), tls: OnceLock::new() }
    }

    /// Posts one frame and answers the status.
    ///
    /// # Errors
    /// `Unreachable`; when it wasn't even connected, the endpoint is skipped from now on. One that
    /// is slow is not: others of its sockets may be quicker.
    pub(super) async fn post(
        &self,
        endpoint: &Endpoint,
        connection: &ConnectionId,
        frame: Bytes,
        credentials: &Credentials,
    ) -> Result<u16, PostError> {
        let request = signed_post(endpoint, connection, frame, credentials)?;
        match timeout(self.deadline, self.send_twice(endpoint, request)).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => {
                if error.is_connect() {
                    endpoint.skip();
                }
                Err(unreachable(&error))
            }
            Err(_) => Err(PostError::Unreachable("no answer within the deadline".to_owned())),
        }
    }

    /// A kept connection may have died while the function was frozen, which shows only when it is
    /// used: then once more over another. A frame may arrive twice by it, as the contract allows.
    async fn send_twice(&self, endpoint: &Endpoint, request: Request<Full<Bytes>>) -> Result<u16, Error> {
        match self.send(endpoint, request.clone()).await {
            Err(error) if !error.is_connect() => self.send(endpoint, request).await,
            first => first,
        }
    }

    async fn send(&self, endpoint: &Endpoint, request: Request<Full<Bytes>>) -> Result<u16, Error> {
        if endpoint.is_https {
            status_of(self.tls.get_or_init(|| self.tls_client()), request).await
        } else {
            status_of(self.plain.get_or_init(|| client(self.connector())), request).await
        }
    }

    fn connector(&self) -> HttpConnector {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        // So that a host that swallows packets counts as not connected rather than slow.
        connector.set_connect_timeout(Some(self.deadline / 2));
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

async fn status_of<C>(client: &Client<C, Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<u16, Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let response = client.request(request).await?;
    let status = response.status().as_u16();
    // Read to its end, so that the connection can be used again; what it says is known by the status.
    let _ = response.into_body().collect().await;
    Ok(status)
}

/// As AWS asks for it: <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>,
/// service `execute-api`.
fn signed_post(
    endpoint: &Endpoint,
    connection: &ConnectionId,
    frame: Bytes,
    credentials: &Credentials,
) -> Result<Request<Full<Bytes>>, PostError> {
    let malformed = |error: &dyn std::error::Error| PostError::Unreachable(error.to_string());
    let uri = endpoint.uri_of(connection);
    let identity = credentials.clone().into();
    let signing = v4::SigningParams::builder()
        .identity(&identity)
        .region(&endpoint.region)
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| malformed(&error))?
        .into();
    let signable =
        SignableRequest::new("POST", uri.as_str(), std::iter::empty(), SignableBody::Bytes(&frame))
            .map_err(|error| malformed(&error))?;
    let (instructions, _) = sign(signable, &signing).map_err(|error| malformed(&error))?.into_parts();
    let mut request = Request::post(uri).body(Full::new(frame)).map_err(|error| malformed(&error))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

/// With its causes: the client's own words are only "client error (Connect)".
fn unreachable(error: &Error) -> PostError {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    PostError::Unreachable(format!("{error}: {}", words.join(": ")))
}
