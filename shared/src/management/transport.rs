use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Error;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use crate::aws::Http;
use crate::ids::ConnectionId;
use crate::ports::PostError;

/// What posts.
pub(super) struct Transport {
    deadline: Duration,
    http: Http,
}

impl Transport {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { deadline, http: Http::new(deadline / 2) }
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
        match timeout(self.deadline, self.send_twice(request)).await {
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
    async fn send_twice(&self, request: Request<Full<Bytes>>) -> Result<u16, Error> {
        match self.send(request.clone()).await {
            Err(error) if !error.is_connect() => self.send(request).await,
            first => first,
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<u16, Error> {
        let response = self.http.send(request).await?;
        let status = response.status().as_u16();
        // Read to its end, so that the connection can be used again; what it says is known by the status.
        let _ = response.into_body().collect().await;
        Ok(status)
    }
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
