use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use tokio::time::Instant;

/// How long a server counts as silent after it let somebody wait for nothing: the next one would wait as long.
const SILENT_FOR: Duration = Duration::from_secs(30);
/// So many are remembered at most; beyond it those that are over are forgotten.
const REMEMBERED: usize = 1_000;

/// Servers that let a request run into its deadline, not long ago.
#[derive(Default)]
pub(super) struct Silence(Mutex<HashMap<Authority, Instant>>);

impl Silence {
    pub(super) fn is_on(&self, url: &Uri) -> bool {
        let known = self.lock();
        url.authority()
            .and_then(|authority| known.get(authority))
            .is_some_and(|until| Instant::now() < *until)
    }

    pub(super) fn begins(&self, url: &Uri) {
        let Some(authority) = url.authority() else { return };
        let (mut known, now) = (self.lock(), Instant::now());
        if known.len() >= REMEMBERED {
            known.retain(|_, until| now < *until);
        }
        known.insert(authority.clone(), now + SILENT_FOR);
    }

    pub(super) fn ends(&self, url: &Uri) {
        if let Some(authority) = url.authority() {
            self.lock().remove(authority);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Authority, Instant>> {
        // Nothing in here panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_is_silent_until_it_is_over_or_it_answers() {
        let silence = Silence::default();
        let [one, other]: [Uri; 2] = ["http://a:1/x", "http://a:2/x"].map(|url| url.parse().unwrap());
        silence.begins(&one);
        assert!(silence.is_on(&one) && !silence.is_on(&other));
        tokio::time::advance(SILENT_FOR - Duration::from_millis(1)).await;
        assert!(silence.is_on(&one));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!silence.is_on(&one));
        silence.begins(&one);
        silence.ends(&one);
        assert!(!silence.is_on(&one));
    }
}
