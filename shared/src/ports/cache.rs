use std::time::Duration;

use async_trait::async_trait;

#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Refused, timed out, or skipped by the breaker.
    #[error("the cache is unavailable: {0}")]
    Unavailable(String),
}

/// Texts that may be lost at any time and are gone after a while.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What was put under a key last, while it lives.
    ///
    /// # Errors
    /// When the cache is away.
    async fn get(&self, key: &str) -> Result<Option<String>, CacheError>;

    /// Keeps a text in the place of what was there, from now on for as long.
    ///
    /// # Errors
    /// When the cache is away.
    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), CacheError>;
}
