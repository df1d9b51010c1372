use std::time::Duration;

use async_trait::async_trait;
use shared::ports::{Cache, CacheError};

/// Keeps nothing, so that every answer is computed.
pub(super) struct NoCache;

#[async_trait]
impl Cache for NoCache {
    async fn get(&self, _: &str) -> Result<Option<String>, CacheError> {
        Ok(None)
    }

    async fn put(&self, _: &str, _: &str, _: Duration) -> Result<(), CacheError> {
        Ok(())
    }
}
