use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::UnixMs;
use http::Uri;
use http::uri::Authority;

/// How long a server counts as silent after it let somebody wait for nothing, in milliseconds: the next one would
/// wait as long.
const SILENT_MS: i64 = 30_000;
/// So many are remembered at most; beyond it those that are over are forgotten.
const REMEMBERED: usize = 1_000;

/// Servers that let a request run into its deadline, not long ago.
#[derive(Default)]
pub(super) struct Silence(Mutex<HashMap<Authority, UnixMs>>);

impl Silence {
    pub(super) fn is_on(&self, url: &Uri, now: UnixMs) -> bool {
        let known = self.lock();
        url.authority().and_then(|authority| known.get(authority)).is_some_and(|until| now < *until)
    }

    pub(super) fn begins(&self, url: &Uri, now: UnixMs) {
        let Some(authority) = url.authority() else { return };
        let mut known = self.lock();
        if known.len() >= REMEMBERED {
            known.retain(|_, until| now < *until);
        }
        known.insert(authority.clone(), now.plus(SILENT_MS));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Authority, UnixMs>> {
        // Nothing in here panics between two changes that belong together.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_silent_for_a_while() {
        let silence = Silence::default();
        let [one, same, other]: [Uri; 3] =
            ["http://a:1/x", "http://a:1/y", "http://a:2/x"].map(|url| url.parse().unwrap());
        silence.begins(&one, UnixMs(7));
        assert!(silence.is_on(&one, UnixMs(7)) && silence.is_on(&same, UnixMs(7)));
        assert!(!silence.is_on(&other, UnixMs(7)));
        assert!(silence.is_on(&one, UnixMs(6 + SILENT_MS)) && !silence.is_on(&one, UnixMs(7 + SILENT_MS)));
    }

    #[test]
    fn what_is_over_gives_way_when_there_is_much() {
        let silence = Silence::default();
        let url = |n: usize| format!("http://a{n}/").parse::<Uri>().unwrap();
        for n in 0..REMEMBERED {
            silence.begins(&url(n), UnixMs(0));
        }
        silence.begins(&url(REMEMBERED), UnixMs(SILENT_MS));
        assert_eq!(silence.lock().len(), 1);
    }
}
