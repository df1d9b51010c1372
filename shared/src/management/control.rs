use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{Config, Region, SharedCredentialsProvider};
use aws_sdk_apigatewaymanagement::error::{DisplayErrorContext, SdkError};
use aws_sdk_apigatewaymanagement::operation::get_connection::GetConnectionOutput;
use aws_sdk_apigatewaymanagement::primitives::DateTime;

use super::endpoint::Endpoint;
use super::of_status;
use crate::aws::{Identity, SdkHttp};
use crate::clock::UnixMs;
use crate::ids::ConnectionId;
use crate::ports::{ConnectionInfo, PostError};

/// Longest wait for one answer, with the SDK's second try in it.
const DEADLINE: Duration = Duration::from_secs(2);

/// Looking at connections and closing them, by the SDK: one client for each endpoint.
pub(super) struct Control {
    identity: Arc<Identity>,
    http: SdkHttp,
    clients: Mutex<HashMap<String, Client>>,
}

impl Control {
    pub(super) fn new(identity: Arc<Identity>) -> Self {
        Self { identity, http: SdkHttp::new(DEADLINE / 2), clients: Mutex::default() }
    }

    pub(super) async fn inspect(
        &self,
        endpoint: &Endpoint,
        connection: &ConnectionId,
    ) -> Result<ConnectionInfo, PostError> {
        let get = self.client(endpoint).get_connection().connection_id(&connection.0);
        get.send().await.map_err(|error| reason(&error)).map(|output| info(&output))
    }

    pub(super) async fn close(
        &self,
        endpoint: &Endpoint,
        connection: &ConnectionId,
    ) -> Result<(), PostError> {
        let delete = self.client(endpoint).delete_connection().connection_id(&connection.0);
        delete.send().await.map_err(|error| reason(&error)).map(drop)
    }

    fn client(&self, endpoint: &Endpoint) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(endpoint.base.clone()).or_insert_with(|| self.new_client(endpoint)).clone()
    }

    fn new_client(&self, endpoint: &Endpoint) -> Client {
        let config = Config::builder()
            .behavior_version_latest()
            .region(Region::new(endpoint.region.clone()))
            .credentials_provider(SharedCredentialsProvider::from(
                Arc::clone(&self.identity) as Arc<dyn aws_credential_types::provider::ProvideCredentials>
            ))
            .http_client(self.http.clone())
            .endpoint_url(&endpoint.base)
            .timeout_config(TimeoutConfig::builder().operation_timeout(DEADLINE).build())
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .build();
        Client::from_conf(config)
    }
}

/// By the status: the SDK knows an error by the header `x-amzn-ErrorType` alone, and a bare 410 is as
/// gone as any.
fn reason<E: std::error::Error + 'static>(error: &SdkError<E>) -> PostError {
    error
        .raw_response()
        .and_then(|response| of_status(response.status().as_u16()).err())
        .unwrap_or_else(|| PostError::Unreachable(DisplayErrorContext(error).to_string()))
}

fn info(output: &GetConnectionOutput) -> ConnectionInfo {
    let identity = output.identity();
    ConnectionInfo {
        connected_at: time(output.connected_at()),
        last_active_at: time(output.last_active_at()),
        source_ip: identity.and_then(|identity| identity.source_ip()).unwrap_or_default().to_owned(),
        user_agent: identity.and_then(|identity| identity.user_agent()).map(str::to_owned),
    }
}

/// A time that the gateway didn't give reads as 1970.
fn time(time: Option<&DateTime>) -> UnixMs {
    UnixMs(time.and_then(|time| time.to_millis().ok()).unwrap_or_default())
}
