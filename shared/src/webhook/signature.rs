//! Signing, by the symmetric scheme `v1` of the specification.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

use crate::clock::UnixMs;

/// What a signing secret begins with when it is written down.
pub const SECRET_PREFIX: &str = "whsec_";

/// The least and the most bytes of a secret, by the specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What a secret has that Hark makes.
const FRESH_BYTES: usize = 32;

/// The key that a sender and a receiver share; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

impl SigningSecret {
    /// Reads `whsec_` and 24 to 64 bytes in base64; the prefix may be missing.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let encoded = text.strip_prefix(SECRET_PREFIX).unwrap_or(text);
        let bytes = STANDARD.decode(encoded).map_err(|_| "must be whsec_ and base64".to_owned())?;
        if SECRET_BYTES.contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            let (least, most) = (SECRET_BYTES.start(), SECRET_BYTES.end());
            Err(format!("must hold {least} to {most} bytes"))
        }
    }

    /// A new one, of [`FRESH_BYTES`] random bytes.
    #[must_use]
    pub fn fresh() -> Self {
        Self(rand::random::<[u8; FRESH_BYTES]>().to_vec())
    }

    /// As it is written down: for the one who is to hold it, never for a log.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The headers of one delivery: see [`signed`].
    #[must_use]
    pub fn headers(&self, id: &str, at: UnixMs, body: &[u8]) -> HeaderMap {
        signed(std::slice::from_ref(self), id, at, body)
    }

    /// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    fn signature(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The three headers of one delivery, signed by each of the secrets: while one takes the place of another, a
/// receiver may hold either. `id` stays the same when the delivery is repeated, so that the receiver can tell; it
/// must be printable and without a full stop.
#[must_use]
pub fn signed(secrets: &[SigningSecret], id: &str, at: UnixMs, body: &[u8]) -> HeaderMap {
    let seconds = at.seconds().to_string();
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.signature(id, &seconds, body)).collect();
    let signatures = signatures.join(" ");
    let fields = [("webhook-id", id), ("webhook-timestamp", &seconds), ("webhook-signature", &signatures)];
    let value = |text: &str| HeaderValue::from_str(text).ok();
    fields.into_iter().filter_map(|(name, text)| Some((name.parse().ok()?, value(text)?))).collect()
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of Standard Webhooks test themselves with.
    #[test]
    fn the_published_example_is_signed_alike() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let headers = secret.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", UnixMs(1_614_265_330_000), body);
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn several_secrets_sign_side_by_side_in_their_order() {
        let secrets = [SigningSecret::fresh(), SigningSecret::fresh()];
        let of =
            |secret: &SigningSecret| secret.headers("e1", UnixMs(7_000), b"{}")["webhook-signature"].clone();
        let both = signed(&secrets, "e1", UnixMs(7_000), b"{}");
        let each: Vec<_> = secrets.iter().map(|secret| of(secret).to_str().unwrap().to_owned()).collect();
        assert_eq!(both["webhook-signature"], each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn a_fresh_secret_reads_back() {
        let secret = SigningSecret::fresh();
        assert_eq!(SigningSecret::parse(&secret.expose()).unwrap(), secret);
        assert_ne!(SigningSecret::fresh(), secret);
    }

    #[test]
    fn a_secret_has_24_to_64_bytes_and_is_never_shown() {
        let of = |bytes: usize| SigningSecret::parse(&format!("whsec_{}", STANDARD.encode(vec![7; bytes])));
        assert!(of(23).is_err() && of(24).is_ok() && of(64).is_ok() && of(65).is_err());
        assert!(SigningSecret::parse("whsec_not base64!").is_err());
        assert_eq!(format!("{:?}", of(24).unwrap()), "***");
    }
}
