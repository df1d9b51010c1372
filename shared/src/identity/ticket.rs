use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// How long a ticket can be used, in milliseconds.
pub const TICKET_LIFE_MS: i64 = 30_000;

/// A single-use word that opens one socket, for clients that don't want their token in a URL. The store
/// keeps its digest only.
pub struct Ticket(String);

impl Ticket {
    /// 32 random bytes.
    #[must_use]
    pub fn fresh() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    #[must_use]
    pub fn given(text: &str) -> Self {
        Self(text.to_owned())
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
