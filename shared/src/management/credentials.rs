use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};
use tokio::sync::{OnceCell, RwLock};

use crate::ports::PostError;

/// Credentials are renewed this long before they run out.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);

/// Who signs: credentials asked for at first use and kept until shortly before they run out, so that a
/// post costs no look-up.
#[derive(Debug)]
pub(crate) struct Identity {
    provider: OnceCell<SharedCredentialsProvider>,
    held: RwLock<Option<Credentials>>,
}

impl Identity {
    pub(crate) fn of_environment() -> Self {
        Self { provider: OnceCell::new(), held: RwLock::default() }
    }

    pub(super) fn of_provider(provider: SharedCredentialsProvider) -> Self {
        Self { provider: OnceCell::new_with(Some(provider)), held: RwLock::default() }
    }

    /// # Errors
    /// `Unreachable` when there are none: whoever gives them may be away for a moment.
    pub(super) async fn credentials(&self) -> Result<Credentials, PostError> {
        self.resolve().await.map_err(|error| PostError::Unreachable(format!("no AWS credentials: {error}")))
    }

    async fn resolve(&self) -> Result<Credentials, CredentialsError> {
        if let Some(fresh) = self.held.read().await.as_ref().filter(|held| is_fresh(held, RENEWED_BEFORE)) {
            return Ok(fresh.clone());
        }
        // One asks, the others wait for what it gets.
        let mut held = self.held.write().await;
        if let Some(fresh) = held.as_ref().filter(|held| is_fresh(held, RENEWED_BEFORE)) {
            return Ok(fresh.clone());
        }
        let provider = self.provider.get_or_init(provider_of_environment).await;
        match (provider.provide_credentials().await, held.as_ref()) {
            (Ok(new), _) => Ok(held.insert(new).clone()),
            (Err(_), Some(old)) if is_fresh(old, Duration::ZERO) => Ok(old.clone()),
            (Err(error), _) => Err(error),
        }
    }
}

impl ProvideCredentials for Identity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.resolve())
    }
}

fn is_fresh(credentials: &Credentials, margin: Duration) -> bool {
    credentials.expiry().is_none_or(|expiry| SystemTime::now() + margin < expiry)
}

/// The environment's variables, the first link of the default chain and all that Lambda has, are taken
/// without the chain: building that costs a cold start several milliseconds.
async fn provider_of_environment() -> SharedCredentialsProvider {
    let variables = EnvironmentVariableCredentialsProvider::new();
    if variables.provide_credentials().await.is_ok() {
        return SharedCredentialsProvider::new(variables);
    }
    SharedCredentialsProvider::new(DefaultCredentialsChain::builder().build().await)
}
