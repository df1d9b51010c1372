//! The cache in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use shared::ports::{Cache, CacheError};
use tokio::time::Instant;

/// Texts of one process.
#[derive(Default)]
pub struct MemoryCache {
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    value: String,
    until: Instant,
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<String>, CacheError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let living = kept.get(key).filter(|kept| Instant::now() < kept.until);
        Ok(living.map(|kept| kept.value.clone()))
    }

    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), CacheError> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now < kept.until);
        kept.insert(key.to_owned(), Kept { value: value.to_owned(), until: now + lifetime });
        Ok(())
    }
}
