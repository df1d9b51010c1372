//! Tokens of other issuers: a team's own users, whom Hark makes at first sight.

mod key_set;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;

use crate::Error;
use crate::clock::UnixMs;
use crate::config::{IssuerConfig, IssuerKeys};
use crate::identity::TokenError;
use crate::model::ExternalIdentity;
use key_set::KeySet;

/// Longest `sub`, in characters.
pub const SUBJECT_MAX_CHARS: usize = 255;
/// How far another issuer's clock may be ahead of ours, in seconds.
const CLOCK_SKEW_S: i64 = 30;

/// What another issuer vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    pub identity: ExternalIdentity,
    /// What the user would like to be called, best first: not yet checked.
    pub usernames: Vec<String>,
    pub nickname: Option<String>,
    /// Zero when the token doesn't say: it is then taken for older than any revocation.
    pub issued_at: UnixMs,
    pub expires_at: UnixMs,
}

/// The issuers besides Hark whose tokens are taken.
pub struct Issuers(RwLock<Vec<Arc<Issuer>>>);

struct Issuer {
    name: String,
    audience: Option<String>,
    keys: Keys,
}

enum Keys {
    /// By `kid`; HS256.
    Shared(Vec<(String, DecodingKey)>),
    /// RS256 and ES256.
    Published(Box<KeySet>),
}

/// The claims of RFC 7519 and OpenID Connect that are read.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    preferred_username: Option<String>,
    name: Option<String>,
    nickname: Option<String>,
}

impl Issuers {
    #[must_use]
    pub fn new(configs: &[IssuerConfig]) -> Self {
        Self(RwLock::new(issuers_of(configs)))
    }

    /// Takes the tokens of these from now on.
    pub fn replace(&self, configs: &[IssuerConfig]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = issuers_of(configs);
    }

    /// Whether a token names a key that its issuer doesn't share with us; None when it is of none of these.
    #[must_use]
    pub fn lacks_key_of(&self, token: &str) -> Option<bool> {
        self.of(token).map(|issuer| issuer.lacks_key_of(token))
    }

    /// What the token's issuer vouches for; None when it is none of these.
    ///
    /// # Errors
    /// `unauthenticated` with the reason; `unavailable` when the issuer's keys can't be had.
    pub async fn verify(&self, token: &str, now: UnixMs) -> Result<Option<Vouched>, Error> {
        match self.of(token) {
            Some(issuer) => issuer.verify(token, now).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether tokens of that issuer are taken.
    #[must_use]
    pub fn knows(&self, issuer: &str) -> bool {
        self.read().iter().any(|known| known.name == issuer)
    }

    /// By what the token says of itself, which nobody has checked yet.
    fn of(&self, token: &str) -> Option<Arc<Issuer>> {
        #[derive(Deserialize)]
        struct Says {
            iss: String,
        }
        let known = self.read();
        if known.is_empty() {
            return None;
        }
        let says: Says = insecure_decode_claims(token).ok()?;
        known.iter().find(|issuer| issuer.name == says.iss).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Arc<Issuer>>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn issuers_of(configs: &[IssuerConfig]) -> Vec<Arc<Issuer>> {
    configs.iter().map(Issuer::new).map(Arc::new).collect()
}

impl Issuer {
    fn new(config: &IssuerConfig) -> Self {
        let keys = match &config.keys {
            IssuerKeys::Shared(keys) => Keys::Shared(
                keys.iter()
                    .map(|key| (key.kid.clone(), DecodingKey::from_secret(key.secret.expose().as_bytes())))
                    .collect(),
            ),
            IssuerKeys::Published(url) => Keys::Published(Box::new(KeySet::new(url.clone()))),
        };
        Self { name: config.issuer.clone(), audience: config.audience.clone(), keys }
    }

    fn lacks_key_of(&self, token: &str) -> bool {
        let kid = decode_header(token).ok().and_then(|header| header.kid);
        match &self.keys {
            Keys::Shared(keys) => kid.is_some_and(|kid| shared_key(keys, Some(&kid)).is_none()),
            // It asks for the keys by itself.
            Keys::Published(_) => false,
        }
    }

    async fn verify(&self, token: &str, now: UnixMs) -> Result<Vouched, Error> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let key = self.keys.find(&header, now).await?.ok_or(TokenError::BadSignature)?;
        let decoded = decode::<Claims>(token, &key, &self.validation(header.alg));
        let claims = decoded.map_err(TokenError::from)?.claims;
        claims.check(now)?;
        Ok(claims.vouched_by(&self.name))
    }

    /// Times are checked against the clock port. The audience tells a token for Hark from one that the same
    /// issuer made for something else.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "sub", "iss"]);
        validation.set_issuer(&[&self.name]);
        match &self.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                validation.required_spec_claims.insert("aud".to_owned());
            }
            None => validation.validate_aud = false,
        }
        validation
    }
}

impl Keys {
    /// The key that checks a token of such a header. An issuer takes its own kind of algorithm alone, so that a
    /// published key is never used as a secret.
    async fn find(&self, header: &Header, now: UnixMs) -> Result<Option<DecodingKey>, Error> {
        match (self, header.alg) {
            (Self::Shared(keys), Algorithm::HS256) => Ok(shared_key(keys, header.kid.as_deref())),
            (Self::Published(set), Algorithm::RS256 | Algorithm::ES256) => match &header.kid {
                Some(kid) => set.key(kid, now).await,
                None => Err(Error::unauthenticated("the token names no key (kid)")),
            },
            _ => Ok(None),
        }
    }
}

/// A token that names none is checked by the first.
fn shared_key(keys: &[(String, DecodingKey)], kid: Option<&str>) -> Option<DecodingKey> {
    let key = match kid {
        Some(kid) => keys.iter().find(|(known, _)| known == kid),
        None => keys.first(),
    };
    key.map(|(_, key)| key.clone())
}

impl Claims {
    fn check(&self, now: UnixMs) -> Result<(), Error> {
        if self.exp <= now.seconds() {
            return Err(TokenError::Expired.into());
        }
        let begins = self.nbf.into_iter().chain(self.iat).max().unwrap_or(0);
        if begins > now.seconds() + CLOCK_SKEW_S {
            return Err(Error::unauthenticated("the token isn't valid yet"));
        }
        match self.sub.chars().count() {
            1..=SUBJECT_MAX_CHARS if !self.sub.contains('\0') => Ok(()),
            _ => Err(Error::unauthenticated(format!(
                "the token's sub must have 1 to {SUBJECT_MAX_CHARS} characters"
            ))),
        }
    }

    fn vouched_by(self, issuer: &str) -> Vouched {
        Vouched {
            usernames: self.preferred_username.into_iter().chain([self.sub.clone()]).collect(),
            identity: ExternalIdentity { issuer: issuer.to_owned(), id: self.sub },
            nickname: self.name.or(self.nickname),
            issued_at: UnixMs(self.iat.unwrap_or(0).saturating_mul(1000)),
            expires_at: UnixMs(self.exp.saturating_mul(1000)),
        }
    }
}

#[cfg(test)]
mod tests;
