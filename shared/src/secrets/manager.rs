//! AWS Secrets Manager.

use std::error::Error;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{Builder, Config, Region};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use futures::future::join_all;

use super::{Values, content};
use crate::aws::{self, Identity, SdkHttp};
use crate::config::ConfigError;

/// For one secret, with the tries in it: a start has ten seconds.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// For one try.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;
/// As every SDK of AWS names another server than its own, the first that is set.
const ENDPOINTS: [&str; 2] = ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"];

/// Where the secrets of these ids (ARNs or names) are.
#[derive(Debug)]
pub(super) struct Manager {
    ids: Vec<String>,
}

impl Manager {
    pub(super) const fn new(ids: Vec<String>) -> Self {
        Self { ids }
    }

    /// Reads all of them, side by side.
    ///
    /// # Errors
    /// Names each that can't be had or read, and why.
    pub(super) async fn read(&self) -> Result<Values, ConfigError> {
        let client = client();
        let reading = self.ids.iter().map(async |id| (id.as_str(), read(&client, id).await));
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for (id, outcome) in join_all(reading).await {
            match outcome {
                Ok(values) => all.push((id, values)),
                Err(problem) => problems.push(format!("{id} {problem}")),
            }
        }
        let merged = if problems.is_empty() { content::merge(all) } else { Err(problems) };
        merged.map_err(|problems| ConfigError {
            problems: problems.into_iter().map(|problem| format!("SECRETS: {problem}")).collect(),
        })
    }
}

/// Made for each reading: those are rare, and a connection from before a freeze would be dead.
fn client() -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(READ_WITHIN)
        .operation_attempt_timeout(ANSWERS_WITHIN)
        .build();
    let config = Config::builder()
        .behavior_version_latest()
        .region(Region::new(aws::region()))
        .credentials_provider(Identity::of_environment())
        .http_client(SdkHttp::new(ANSWERS_WITHIN))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES));
    let elsewhere = ENDPOINTS.into_iter().find_map(aws::variable);
    Client::from_conf(elsewhere.into_iter().fold(config, Builder::endpoint_url).build())
}

async fn read(client: &Client, id: &str) -> Result<Values, String> {
    let answer = client.get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| format!("can't be read: {}", reason(&error)))?;
    content::parse(answer.secret_string().ok_or("holds no text")?)
}

/// In words that never hold what was answered, as the SDK's own would when it can't make sense of it.
fn reason(error: &SdkError<GetSecretValueError>) -> String {
    match error {
        SdkError::ServiceError(refused) => match refused.err().code() {
            Some(code) => format!("{code}: {}", refused.err().message().unwrap_or_default()),
            None => format!("it answered {}", refused.raw().status()),
        },
        SdkError::ResponseError(_) => "the answer makes no sense".to_owned(),
        SdkError::TimeoutError(_) => format!("no answer within {} s", READ_WITHIN.as_secs()),
        other => {
            let causes = std::iter::successors(other.source(), |cause: &&dyn Error| (*cause).source());
            causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
    }
}
