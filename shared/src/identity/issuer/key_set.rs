use std::time::Duration;

use http::Uri;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use tokio::sync::Mutex;

use crate::clock::UnixMs;
use crate::webhook::{Networks, Outbound};
use crate::{Code, Error};

/// How long keys serve before they are asked for again, in milliseconds.
const FRESH_MS: i64 = 10 * 60_000;
/// How long they serve while their server doesn't answer: then a key that was withdrawn would be taken still.
const STALE_MS: i64 = 24 * 3_600_000;
/// How often the server is asked at most: anybody can make up a key's name.
const AGAIN_MS: i64 = 30_000;
/// A sign-in waits for it.
const DEADLINE: Duration = Duration::from_secs(3);

/// The keys that an issuer publishes (RFC 7517), fetched when they are needed.
pub(super) struct KeySet {
    url: Uri,
    client: Outbound,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Vec<Jwk>,
    fetched_at: Option<UnixMs>,
    tried_at: Option<UnixMs>,
}

impl KeySet {
    pub(super) fn new(url: Uri) -> Self {
        Self { url, client: Outbound::new(Networks::Private), kept: Mutex::default() }
    }

    /// The key of that name; None when the issuer doesn't publish it.
    ///
    /// # Errors
    /// `unavailable` when the keys can't be had.
    pub(super) async fn key(&self, kid: &str, now: UnixMs) -> Result<Option<DecodingKey>, Error> {
        // Held over the fetch: who comes meanwhile waits for its outcome instead of fetching, too.
        let mut kept = self.kept.lock().await;
        if kept.wants_more(kid, now) {
            kept.tried_at = Some(now);
            match self.fetch().await {
                Ok(keys) => (kept.keys, kept.fetched_at) = (keys, Some(now)),
                Err(reason) => tracing::warn!(url = %self.url, reason, "the keys can't be fetched"),
            }
        }
        match kept.age(now) {
            Some(age) if age < STALE_MS => Ok(kept.find(kid).and_then(|key| DecodingKey::from_jwk(key).ok())),
            _ => Err(Error::new(Code::Unavailable, "the keys of the token's issuer can't be had, try again")),
        }
    }

    async fn fetch(&self) -> Result<Vec<Jwk>, String> {
        let answer = self.client.get(&self.url, DEADLINE).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("it answered {}", answer.status));
        }
        let set: JwkSet = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        Ok(set.keys)
    }
}

impl Kept {
    fn age(&self, now: UnixMs) -> Option<i64> {
        self.fetched_at.map(|fetched| now.0 - fetched.0)
    }

    fn wants_more(&self, kid: &str, now: UnixMs) -> bool {
        let may_ask = self.tried_at.is_none_or(|tried| now.0 - tried.0 >= AGAIN_MS);
        may_ask && (self.find(kid).is_none() || self.age(now).is_none_or(|age| age >= FRESH_MS))
    }

    fn find(&self, kid: &str) -> Option<&Jwk> {
        let signs = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
        self.keys.iter().filter(signs).find(|key| key.common.key_id.as_deref() == Some(kid))
    }
}
