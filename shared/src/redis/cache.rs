use std::time::Duration;

use async_trait::async_trait;

use super::{RedisPresence, millis};
use crate::ports::{Cache, CacheError, PresenceError};

/// Over the connection of presence.
#[async_trait]
impl Cache for RedisPresence {
    async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        let mut get = redis::cmd("GET");
        get.arg(key);
        Ok(self.link.ask(get).await?)
    }

    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), CacheError> {
        let mut set = redis::cmd("SET");
        // Redis takes no lifetime of nothing.
        set.arg(key).arg(value).arg("PX").arg(millis(lifetime).max(1));
        Ok(self.link.ask(set).await?)
    }
}

impl From<PresenceError> for CacheError {
    fn from(error: PresenceError) -> Self {
        let PresenceError::Unavailable(reason) = error;
        Self::Unavailable(reason)
    }
}
