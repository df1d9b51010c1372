use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};
use tokio::sync::RwLock;

use super::variable;

/// Credentials are renewed this long before they run out.
const RENEWED_BEFORE: Duration = Duration::from_secs(300);

/// Who signs: credentials asked for at first use and kept until shortly before they run out, so that a
/// post costs no look-up.
#[derive(Debug)]
pub(crate) struct Identity {
    provider: SharedCredentialsProvider,
    held: RwLock<Option<Credentials>>,
}

impl Identity {
    pub(crate) fn of_environment() -> Self {
        Self::of_provider(SharedCredentialsProvider::new(OfEnvironment))
    }

    pub(crate) fn of_provider(provider: SharedCredentialsProvider) -> Self {
        Self { provider, held: RwLock::default() }
    }

    /// # Errors
    /// Says why there are none; whoever gives them may be away for a moment.
    pub(crate) async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        if let Some(fresh) = self.held.read().await.as_ref().filter(|held| is_fresh(held, RENEWED_BEFORE)) {
            return Ok(fresh.clone());
        }
        // One asks, the others wait for what it gets.
        let mut held = self.held.write().await;
        if let Some(fresh) = held.as_ref().filter(|held| is_fresh(held, RENEWED_BEFORE)) {
            return Ok(fresh.clone());
        }
        match (self.provider.provide_credentials().await, held.as_ref()) {
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
        future::ProvideCredentials::new(self.credentials())
    }
}

fn is_fresh(credentials: &Credentials, margin: Duration) -> bool {
    credentials.expiry().is_none_or(|expiry| SystemTime::now() + margin < expiry)
}

/// The role that Lambda gives a function: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
#[derive(Debug)]
struct OfEnvironment;

impl ProvideCredentials for OfEnvironment {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(of_variables(variable))
    }
}

fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, CredentialsError> {
    let required = |name: &str| {
        variable(name).ok_or_else(|| CredentialsError::not_loaded(format!("{name}: is missing")))
    };
    let (id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
        of_variables(|name| Some(variables.iter().find(|(key, _)| *key == name)?.1.to_owned()))
    }

    #[test]
    fn the_role_of_the_environment_signs() {
        let user = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        let held = of(&user).unwrap();
        assert_eq!((held.access_key_id(), held.secret_access_key()), ("id", "secret"));
        assert_eq!((held.session_token(), held.expiry()), (None, None));
        let role = of(&[user[0], user[1], ("AWS_SESSION_TOKEN", "token")]).unwrap();
        assert_eq!(role.session_token(), Some("token"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = of(&[("AWS_ACCESS_KEY_ID", "id")]).unwrap_err();
        let causes = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(causes.as_deref(), Some("AWS_SECRET_ACCESS_KEY: is missing"));
    }
}
