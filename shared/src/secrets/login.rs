//! The URL of a service, which holds the login.

use std::fmt;
use std::sync::Arc;

use super::Secrets;
use crate::config::Secret;

/// A service's URL: as it was given, or as a secret has it at this moment.
#[derive(Clone)]
pub struct LoginUrl {
    given: Secret,
    renewed: Option<(&'static str, Arc<Secrets>)>,
}

impl LoginUrl {
    /// `given` at the start, and later what a secret of `secrets` says under `key`, if one has it.
    #[must_use]
    pub fn renewed(given: Secret, key: &'static str, secrets: &Arc<Secrets>) -> Self {
        Self { given, renewed: Some((key, Arc::clone(secrets))) }
    }

    /// Of this moment.
    #[must_use]
    pub fn current(&self) -> Secret {
        let held = self.renewed.as_ref().and_then(|(key, secrets)| secrets.held(key));
        held.unwrap_or_else(|| self.given.clone())
    }

    /// Whether a secret has it, so that a refused login may be another one later.
    #[must_use]
    pub fn is_of_secret(&self) -> bool {
        self.renewed.as_ref().is_some_and(|(key, secrets)| secrets.held(key).is_some())
    }

    /// Connects; when the login `is_refused` and the secret has another one by now, once more by that.
    pub(crate) async fn connect<C, E, F>(
        &self,
        connect: impl Fn(Secret) -> F,
        is_refused: impl Fn(&E) -> bool,
    ) -> Result<C, E>
    where
        F: Future<Output = Result<C, E>>,
    {
        let url = self.current();
        let outcome = connect(url.clone()).await;
        match &outcome {
            Err(error) if is_refused(error) => match self.other_than(&url).await {
                Some(other) => connect(other).await,
                None => outcome,
            },
            _ => outcome,
        }
    }

    async fn other_than(&self, refused: &Secret) -> Option<Secret> {
        let (key, secrets) = self.renewed.as_ref()?;
        secrets.other_than(refused, key).await
    }
}

impl From<String> for LoginUrl {
    fn from(url: String) -> Self {
        Self { given: Secret::new(url), renewed: None }
    }
}

impl fmt::Debug for LoginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.given.fmt(f)
    }
}
