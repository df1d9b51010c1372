//! The gateway's `@connections` over HTTP.
//!
//! Posting is the hot path: a request signed by `aws-sigv4` over one client that keeps its connections,
//! a fifth of the CPU that the SDK takes. Looking and closing are rare and go by the SDK.

mod control;
mod endpoint;
mod transport;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;

use crate::aws::Identity;
use crate::model::Address;
use crate::ports::{ConnectionInfo, Connections, PostError};
use control::Control;
use endpoint::Endpoint;
pub use endpoint::POSTS_AT_ONCE;
use transport::Transport;

/// How posts are made.
#[derive(Debug, Clone)]
pub struct ManagementConfig {
    /// Longest wait for the answer to one post, a new connection included.
    pub post_deadline: Duration,
}

/// `@connections` of every endpoint that an address names.
pub struct ManagementApi {
    identity: Arc<Identity>,
    transport: Transport,
    control: Control,
    /// What is known of each endpoint; a deployment has a handful.
    endpoints: RwLock<HashMap<String, Arc<Endpoint>>>,
}

impl ManagementApi {
    /// With the credentials of the environment, asked for at the first request.
    #[must_use]
    pub fn new(config: ManagementConfig) -> Self {
        Self::build(&config, Identity::of_environment())
    }

    /// With credentials that the caller brings.
    #[must_use]
    pub fn with_credentials(config: ManagementConfig, provider: SharedCredentialsProvider) -> Self {
        Self::build(&config, Identity::of_provider(provider))
    }

    fn build(config: &ManagementConfig, identity: Identity) -> Self {
        let identity = Arc::new(identity);
        Self {
            transport: Transport::new(config.post_deadline),
            control: Control::new(Arc::clone(&identity)),
            identity,
            endpoints: RwLock::default(),
        }
    }

    fn endpoint(&self, base: &str) -> Result<Arc<Endpoint>, PostError> {
        let known = self.endpoints.read().unwrap_or_else(PoisonError::into_inner).get(base).cloned();
        if let Some(endpoint) = known {
            return Ok(endpoint);
        }
        let endpoint = Arc::new(Endpoint::parse(base)?);
        let mut endpoints = self.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(endpoints.entry(base.to_owned()).or_insert(endpoint)))
    }
}

#[async_trait]
impl Connections for ManagementApi {
    /// Waits while [`POSTS_AT_ONCE`] are under way to the endpoint. One that can't be reached is skipped for
    /// [`endpoint::SKIPPED_FOR`].
    async fn post(&self, to: &Address, frame: Bytes) -> Result<(), PostError> {
        let endpoint = self.endpoint(&to.endpoint)?;
        let _turn = endpoint.turn().await;
        if endpoint.is_skipped() {
            return Err(PostError::Unreachable("skipped, since it didn't answer a moment ago".to_owned()));
        }
        let credentials = self.identity.credentials().await;
        let credentials =
            credentials.map_err(|error| PostError::Unreachable(format!("no AWS credentials: {error}")))?;
        let status = self.transport.post(&endpoint, &to.connection, frame, &credentials).await?;
        of_status(status)
    }

    async fn inspect(&self, connection: &Address) -> Result<ConnectionInfo, PostError> {
        let endpoint = self.endpoint(&connection.endpoint)?;
        self.control.inspect(&endpoint, &connection.connection).await
    }

    async fn close(&self, connection: &Address) -> Result<(), PostError> {
        let endpoint = self.endpoint(&connection.endpoint)?;
        self.control.close(&endpoint, &connection.connection).await
    }
}

/// What an answer's status means. The header `x-amzn-ErrorType` says no more, and a proxy may drop it.
fn of_status(status: u16) -> Result<(), PostError> {
    match status {
        200..=299 => Ok(()),
        410 => Err(PostError::Gone),
        429 => Err(PostError::Throttled),
        413 => Err(PostError::TooLarge),
        401 | 403 => Err(PostError::Forbidden),
        other => Err(PostError::Unreachable(format!("it answered {other}"))),
    }
}
