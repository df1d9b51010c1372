//! The keys of a device, as `PushSubscription.toJSON()` of a browser gives them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::contract;
use web_push_native::Auth;
use web_push_native::p256::PublicKey;

/// `p256dh`: the device's public key, a point of P-256 in base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DeviceKey(PublicKey);

/// `auth`: 16 bytes in base64url that the device and its senders share.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AuthSecret([u8; 16]);

impl PartialSchema for DeviceKey {
    fn schema() -> RefOr<Schema> {
        contract::text(
            87..=88,
            "^B[A-Za-z0-9_-]{86}=?$",
            "The public key of a device: an uncompressed point of P-256 in base64url.",
        )
        .into()
    }
}

impl ToSchema for DeviceKey {}

impl DeviceKey {
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let point = decode(text)?;
        let key = PublicKey::from_sec1_bytes(&point).ok().filter(|_| point.len() == 65);
        key.map(Self).ok_or_else(|| "must be a point of P-256, uncompressed".to_owned())
    }

    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0
    }

    /// As it was given.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_sec1_bytes())
    }
}

impl PartialSchema for AuthSecret {
    fn schema() -> RefOr<Schema> {
        contract::text(22..=24, "^[A-Za-z0-9_-]{21}[AQgw](==)?$", "16 bytes in base64url.").into()
    }
}

impl ToSchema for AuthSecret {}

impl AuthSecret {
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = decode(text)?;
        bytes.try_into().map(Self).map_err(|_| "must have 16 bytes".to_owned())
    }

    #[must_use]
    pub fn to_auth(&self) -> Auth {
        self.0.into()
    }

    /// As it was given.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl std::fmt::Debug for AuthSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl TryFrom<String> for DeviceKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for AuthSecret {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// Base64url, with or without its padding.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| "must be base64url".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of RFC 8291, section 5.
    const P256DH: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn the_keys_of_the_rfc_are_taken_and_written_as_they_were() {
        assert_eq!(DeviceKey::parse(P256DH).unwrap().to_text(), P256DH);
        assert_eq!(AuthSecret::parse(&format!("{AUTH}==")).unwrap().to_text(), AUTH);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let off_the_curve = format!("{}AAAA", &P256DH[..83]);
        for text in ["", "not base64!", AUTH, &P256DH[..86], &off_the_curve] {
            assert!(DeviceKey::parse(text).is_err(), "{text}");
        }
        for text in ["", "not base64!", "AAAA", P256DH] {
            assert!(AuthSecret::parse(text).is_err(), "{text}");
        }
    }
}
