use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::contract;

/// What makes somebody without an account the same visitor again: 32 bytes in base64url, as the server made
/// them. The store keeps its digest only.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct VisitorKey(String);

impl PartialSchema for VisitorKey {
    fn schema() -> RefOr<Schema> {
        contract::text(
            43..=43,
            "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$",
            "Of an earlier visit: 32 bytes in base64url.",
        )
        .into()
    }
}

impl ToSchema for VisitorKey {}

impl VisitorKey {
    /// 32 random bytes.
    #[must_use]
    pub fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl TryFrom<String> for VisitorKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match URL_SAFE_NO_PAD.decode(&text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text)),
            _ => Err("must be 32 bytes in base64url, as the server made them"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_was_made_and_nothing_else() {
        let key = VisitorKey::fresh();
        assert_eq!(key.as_str().len(), 43);
        assert_eq!(VisitorKey::try_from(key.as_str().to_owned()).map(|same| same.digest()), Ok(key.digest()));
        assert_ne!(VisitorKey::fresh().digest(), key.digest());
        for bad in
            ["", "short", &"A".repeat(42), &"A".repeat(44), &format!("{}=", "A".repeat(43)), &"+".repeat(43)]
        {
            assert!(VisitorKey::try_from(bad.to_string()).is_err(), "{bad}");
        }
    }
}
