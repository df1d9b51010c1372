//! Who sends, as push services ask for it: RFC 8292.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use web_push_native::p256::SecretKey;
use web_push_native::p256::pkcs8::EncodePrivateKey;

use super::endpoint::PushEndpoint;
use super::keys::decode;
use crate::clock::UnixMs;

/// A push service refuses a token that is good for more than a day.
const TOKEN_LIFE_S: i64 = 12 * 60 * 60;

/// The key that signs pushes. Browsers get its public half when they subscribe, and their push service then
/// takes pushes from nobody else.
#[derive(Clone)]
pub struct VapidKey {
    signing: EncodingKey,
    public: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

impl VapidKey {
    /// Reads the 32 bytes of a P-256 key in base64url, as every Web Push tool makes them.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be the 32 bytes of a P-256 key in base64url".to_owned();
        let bytes = decode(text).map_err(|_| wrong())?;
        let secret = SecretKey::from_slice(&bytes).map_err(|_| wrong())?;
        let document = secret.to_pkcs8_der().map_err(|_| wrong())?;
        Ok(Self {
            signing: EncodingKey::from_ec_der(document.as_bytes()),
            public: URL_SAFE_NO_PAD.encode(secret.public_key().to_sec1_bytes()),
        })
    }

    /// The public half, as `applicationServerKey` of a browser takes it.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header of a push to `endpoint`.
    ///
    /// # Errors
    /// When the token can't be signed.
    pub fn authorization(
        &self,
        endpoint: &PushEndpoint,
        subject: &str,
        now: UnixMs,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims { aud: endpoint.origin(), exp: now.seconds() + TOKEN_LIFE_S, sub: subject };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.signing)?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sender's keys of RFC 8291, section 5.
    const PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const PUBLIC: &str =
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

    #[test]
    fn the_public_half_is_derived_and_the_private_never_shown() {
        let key = VapidKey::parse(PRIVATE).unwrap();
        assert_eq!(key.public_key(), PUBLIC);
        assert!(!format!("{key:?}").contains(PRIVATE));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "short", PUBLIC, &"A".repeat(43)] {
            assert!(VapidKey::parse(text).is_err(), "{text}");
        }
    }
}
