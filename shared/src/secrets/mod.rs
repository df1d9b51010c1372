//! Settings that stand in AWS Secrets Manager: read once at the start, and again when a server refuses a login or
//! a token names a key that isn't known, so that both can be changed while functions run.
//!
//! Whatever the environment itself sets is never taken from a secret.

mod content;
mod login;
mod manager;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use crate::aws::variable as of_environment;
use crate::config::{Config, ConfigError, Secret, SecretsConfig};
pub use login::LoginUrl;
use manager::Manager;

/// Who asks sooner after they were read again gets what was read then: a password that stays wrong, or a key that
/// somebody made up, is no reason to ask on and on.
pub const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Settings by name.
type Values = BTreeMap<String, Secret>;
type Listener = Box<dyn Fn(&Config) + Send + Sync>;

/// The secrets that `SECRETS` names, as they were when they were read last. The default names none.
#[derive(Default)]
pub struct Secrets {
    manager: Option<Manager>,
    values: RwLock<Values>,
    /// When they were read again last; held while that happens.
    reading: tokio::sync::Mutex<Option<Moment>>,
    listeners: Mutex<Vec<Listener>>,
}

impl Secrets {
    /// Reads what the environment names, all side by side; nothing is made or asked when it names none.
    ///
    /// # Errors
    /// Names every secret that can't be had or read, and why; never what it holds.
    pub async fn from_env() -> Result<Arc<Self>, ConfigError> {
        let SecretsConfig { ids } = SecretsConfig::from_vars(of_environment);
        if ids.is_empty() {
            return Ok(Arc::default());
        }
        let manager = Manager::new(ids);
        let values = RwLock::new(manager.read().await?);
        Ok(Arc::new(Self { manager: Some(manager), values, ..Self::default() }))
    }

    /// The value of a setting: the environment's, or else that of a secret.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<String> {
        of_environment(key).or_else(|| self.held(key).map(|value| value.expose().to_owned()))
    }

    /// Tells `listener` of the configuration whenever a secret has changed.
    pub fn on_change(&self, listener: impl Fn(&Config) + Send + Sync + 'static) {
        lock(&self.listeners).push(Box::new(listener));
    }

    /// Reads them again, unless that was done within [`AGAIN_AFTER`]. Who comes meanwhile waits for the same
    /// outcome; it goes on when the caller has given up, so that it is there for the next one.
    pub async fn read_again(self: &Arc<Self>) {
        if self.manager.is_none() {
            return;
        }
        let secrets = Arc::clone(self);
        let reading = tokio::spawn(async move { secrets.read_in_turn().await });
        if let Err(error) = reading.await {
            tracing::warn!(%error, "reading the secrets was cut off");
        }
    }

    async fn read_in_turn(&self) {
        let mut last = self.reading.lock().await;
        let Some(manager) = self.manager.as_ref().filter(|_| last.is_none_or(Moment::has_passed)) else {
            return;
        };
        match manager.read().await {
            Ok(values) => self.take(values),
            Err(error) => tracing::warn!(%error, "the secrets can't be read again"),
        }
        *last = Some(Moment::now());
    }

    /// Keeps what was there when what is new doesn't hold together.
    fn take(&self, values: Values) {
        let mut held = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if *held == values {
            return;
        }
        let setting = |key: &str| of_environment(key).or_else(|| Some(values.get(key)?.expose().to_owned()));
        match Config::from_vars(setting) {
            Ok(config) => {
                *held = values;
                drop(held);
                tracing::info!("the secrets have changed");
                lock(&self.listeners).iter().for_each(|listener| listener(&config));
            }
            Err(error) => tracing::warn!(%error, "the secrets have changed and are not taken"),
        }
    }

    /// The value of a setting that comes from a secret.
    fn held(&self, key: &str) -> Option<Secret> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.get(key).filter(|_| of_environment(key).is_none()).cloned()
    }

    /// Another value of `key` than the one that was refused: read meanwhile, or read now. None when there is none,
    /// or the environment sets it.
    async fn other_than(self: &Arc<Self>, refused: &Secret, key: &str) -> Option<Secret> {
        let other = || self.held(key).filter(|value| value != refused);
        if other().is_none() && of_environment(key).is_none() {
            self.read_again().await;
        }
        other()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("manager", &self.manager).finish_non_exhaustive()
    }
}

/// By both clocks: one may stand still while a function is frozen, the other may be set.
#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    at_wall: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self { at: Instant::now(), at_wall: SystemTime::now() }
    }

    fn has_passed(self) -> bool {
        // A clock set back tells nothing: then the other decides.
        self.at.elapsed().max(self.at_wall.elapsed().unwrap_or_default()) >= AGAIN_AFTER
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Listeners are only added, so a panic elsewhere can't have left them half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_passed_by_the_clock_that_went_on() {
        let ago = |at: Duration, wall: Duration| Moment {
            at: Instant::now().checked_sub(at).unwrap(),
            at_wall: SystemTime::now() - wall,
        };
        let just_before = AGAIN_AFTER - Duration::from_secs(1);
        assert!(!Moment::now().has_passed() && !ago(just_before, just_before).has_passed());
        assert!(ago(AGAIN_AFTER, Duration::ZERO).has_passed());
        assert!(ago(Duration::ZERO, AGAIN_AFTER).has_passed(), "it was frozen");
        let set_back = Moment { at: Instant::now(), at_wall: SystemTime::now() + AGAIN_AFTER };
        assert!(!set_back.has_passed());
    }

    #[tokio::test]
    async fn without_secrets_a_refused_login_asks_nobody() {
        let secrets: Arc<Secrets> = Arc::default();
        assert_eq!(secrets.other_than(&Secret::new("postgres://u:p@h/d"), "DATABASE_URL").await, None);
        assert!(secrets.reading.lock().await.is_none());
    }
}
