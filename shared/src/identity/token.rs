//! Hark's own tokens: JWT (RFC 7519) signed with HS256.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::clock::UnixMs;
use crate::config::{IdentityConfig, SigningKey};
use crate::ids::UserId;
use crate::model::{Account, Role};

const ISSUER: &str = "hark";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// The user's id, a string as RFC 7519 wants.
    pub sub: String,
    pub username: String,
    pub role: Role,
    /// The `token_version` under which it was made.
    pub ver: i64,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
}

impl Claims {
    /// The user whose token it is.
    ///
    /// # Errors
    /// `Malformed` when `sub` isn't an id.
    pub fn user(&self) -> Result<UserId, TokenError> {
        self.sub.parse().map(UserId).map_err(|_| TokenError::Malformed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is malformed")]
    Malformed,
    /// Signed by another key, by an unknown one, or not at all.
    #[error("the token's signature is not ours")]
    BadSignature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is for somebody else (aud)")]
    OtherAudience,
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        Self::unauthenticated(error.to_string())
    }
}

struct Key {
    kid: String,
    sign: EncodingKey,
    check: DecodingKey,
}

/// Makes and checks tokens.
pub struct Tokens {
    keys: RwLock<Arc<[Key]>>,
    life_ms: i64,
    validation: Validation,
}

impl Tokens {
    /// Takes at least one key, as the configuration made sure.
    #[must_use]
    pub fn new(config: &IdentityConfig) -> Self {
        let keys = RwLock::new(keys_of(config));
        Self { keys, life_ms: config.expire_minutes * 60_000, validation: validation() }
    }

    /// Signs and checks by the keys of `config` from now on.
    pub fn replace_keys(&self, config: &IdentityConfig) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys_of(config);
    }

    /// Whether a token names a key that isn't here.
    #[must_use]
    pub fn lacks_key_of(&self, token: &str) -> bool {
        let kid = decode_header(token).ok().and_then(|header| header.kid);
        kid.is_some_and(|kid| !self.keys().iter().any(|key| key.kid == kid))
    }

    fn keys(&self) -> Arc<[Key]> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token for the account and the time at which it expires.
    ///
    /// # Errors
    /// `internal` when it can't be signed.
    pub fn issue(&self, account: &Account, now: UnixMs) -> Result<(String, UnixMs), Error> {
        let expires_at = now.plus(self.life_ms);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: account.user.id.to_string(),
            username: account.user.username.clone(),
            role: account.role,
            ver: account.token_version,
            iat: now.seconds(),
            exp: expires_at.seconds(),
        };
        let keys = self.keys();
        let key = keys.first().ok_or_else(Error::internal)?;
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.kid.clone());
        let token = encode(&header, &claims, &key.sign).map_err(|_| Error::internal())?;
        Ok((token, UnixMs(expires_at.seconds() * 1000)))
    }

    /// What a token says, once its signature and time are checked. Whether it was revoked is for the
    /// store to say.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &str, now: UnixMs) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        // A token without a key id was made by other software with our secret: try the signing key.
        let keys = self.keys();
        let key = match &header.kid {
            Some(kid) => keys.iter().find(|key| key.kid == *kid),
            None => keys.first(),
        };
        let key = key.ok_or(TokenError::BadSignature)?;
        let claims = decode::<Claims>(token, &key.check, &self.validation).map_err(TokenError::from)?.claims;
        if claims.exp <= now.seconds() { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

fn keys_of(config: &IdentityConfig) -> Arc<[Key]> {
    let key = |key: &SigningKey| {
        let secret = key.secret.expose().as_bytes();
        Key {
            kid: key.kid.clone(),
            sign: EncodingKey::from_secret(secret),
            check: DecodingKey::from_secret(secret),
        }
    };
    config.keys.iter().map(key).collect()
}

/// HS256 and nothing else; the time is checked against the clock port.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["exp", "sub", "iss"]);
    validation.set_issuer(&[ISSUER]);
    validation
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        use jsonwebtoken::errors::ErrorKind as K;
        match error.kind() {
            K::InvalidSignature | K::InvalidAlgorithm | K::InvalidIssuer => Self::BadSignature,
            K::InvalidAudience => Self::OtherAudience,
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::model::User;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    fn key(kid: &str, fill: &str) -> SigningKey {
        SigningKey { kid: kid.to_owned(), secret: Secret::new(fill.repeat(32)) }
    }

    fn config(keys: Vec<SigningKey>) -> IdentityConfig {
        IdentityConfig {
            keys,
            expire_minutes: 1,
            issuers: vec![],
            api_keys_max: 1,
            admin_username: None,
            admin_password: None,
        }
    }

    fn tokens(keys: Vec<SigningKey>) -> Tokens {
        Tokens::new(&config(keys))
    }

    fn account() -> Account {
        Account {
            user: User { id: UserId(7), username: "ann".into(), nickname: "Ann".into() },
            email: None,
            role: Role::User,
            created_at: NOW,
            token_version: 3,
            revoked_at: None,
            banned_until: None,
        }
    }

    #[test]
    fn a_token_is_good_until_its_time_and_not_after() {
        let tokens = tokens(vec![key("1", "a")]);
        let (token, expires_at) = tokens.issue(&account(), NOW).unwrap();
        assert_eq!(expires_at, NOW.plus(60_000));
        let claims = tokens.verify(&token, NOW.plus(59_999)).unwrap();
        assert_eq!((claims.user().unwrap(), claims.ver), (UserId(7), 3));
        assert_eq!(tokens.verify(&token, expires_at), Err(TokenError::Expired));
    }

    #[test]
    fn keys_rotate_the_old_one_still_checks() {
        let before = tokens(vec![key("old", "a")]);
        let after = tokens(vec![key("new", "b"), key("old", "a")]);
        let (token, _) = before.issue(&account(), NOW).unwrap();
        assert!(after.verify(&token, NOW).is_ok());
        let (token, _) = after.issue(&account(), NOW).unwrap();
        assert_eq!(before.verify(&token, NOW), Err(TokenError::BadSignature));
    }

    #[test]
    fn keys_that_are_replaced_check_and_the_first_signs() {
        let ours = tokens(vec![key("old", "a")]);
        let (token, _) = tokens(vec![key("new", "b")]).issue(&account(), NOW).unwrap();
        assert!(ours.lacks_key_of(&token));
        ours.replace_keys(&config(vec![key("new", "b"), key("old", "a")]));
        assert!(!ours.lacks_key_of(&token) && ours.verify(&token, NOW).is_ok());
        let (token, _) = ours.issue(&account(), NOW).unwrap();
        assert_eq!(decode_header(&token).unwrap().kid.as_deref(), Some("new"));
        assert!(!ours.lacks_key_of("nonsense"), "it names none");
    }

    #[test]
    fn another_key_and_no_signature_are_refused() {
        let ours = tokens(vec![key("1", "a")]);
        let (forged, _) = tokens(vec![key("1", "b")]).issue(&account(), NOW).unwrap();
        assert_eq!(ours.verify(&forged, NOW), Err(TokenError::BadSignature));
        let (good, _) = ours.issue(&account(), NOW).unwrap();
        let body = good.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        assert!(ours.verify(&unsigned, NOW).is_err());
        assert_eq!(ours.verify("nonsense", NOW), Err(TokenError::Malformed));
    }
}
