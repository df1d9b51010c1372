//! argon2id (RFC 9106) in PHC strings, off the async threads: one hash takes tens of milliseconds.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};

use crate::Error;

/// Hashes a password with a fresh salt; answers a PHC string.
///
/// # Errors
/// `internal` when the machine has no randomness.
pub async fn hash(password: String) -> Result<String, Error> {
    blocking(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).ok())
        .await?
        .ok_or_else(Error::internal)
}

/// Whether the password made the hash. With no hash (an unknown user) it takes as long as with one, so
/// that the time doesn't tell who is registered.
///
/// # Errors
/// `internal` when the work could not be run.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Error> {
    blocking(move || match hash {
        Some(hash) => PasswordHash::new(&hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()),
        None => {
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_that_made_the_hash_verifies() {
        let hash = hash("123456".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("123456".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!verify("123457".to_owned(), Some(hash)).await.unwrap());
        assert!(!verify("123456".to_owned(), None).await.unwrap());
    }
}
