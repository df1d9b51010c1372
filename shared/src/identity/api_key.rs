use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What every key begins with, so that a bearer is known for one, and a scanner of leaked secrets finds it.
const PREFIX: &str = "hark_";
/// How much of a key is kept to tell it from others.
const HINT_CHARS: usize = 4;

/// What a service account shows instead of a token: `hark_` and 32 random bytes in base64url. Shown once, when
/// it is made; the store keeps its digest only.
pub struct ApiKey(String);

impl ApiKey {
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())))
    }

    /// A bearer that looks like one; None when it is something else.
    #[must_use]
    pub fn given(bearer: &str) -> Option<Self> {
        bearer.starts_with(PREFIX).then(|| Self(bearer.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Its last characters.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - HINT_CHARS..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_is_a_key_by_its_beginning() {
        let key = ApiKey::fresh();
        assert_eq!(key.as_str().len(), PREFIX.len() + 43);
        assert!(key.as_str().ends_with(key.hint()));
        let same = ApiKey::given(key.as_str()).expect("it is one");
        assert_eq!(same.digest(), key.digest());
        assert_ne!(ApiKey::fresh().digest(), key.digest());
        assert!(ApiKey::given("eyJhbGciOiJIUzI1NiJ9.e30.x").is_none());
    }
}
