//! The rules of `Cache`, of memory and of Redis.

use std::time::Duration;

use local::embedded::MemoryCache;
use shared::ports::Cache;
use uuid::Uuid;

use super::presence::{redis_at, redis_url};
use crate::hark::eventually;

macro_rules! on_both_caches {
    ($($case:ident),+ $(,)?) => {
        mod in_memory {$(
            #[tokio::test]
            async fn $case() {
                super::$case(&super::MemoryCache::default()).await;
            }
        )+}
        mod over_redis {$(
            #[tokio::test]
            async fn $case() {
                super::$case(&super::redis_at(&super::redis_url(), 0, 0)).await;
            }
        )+}
    };
}

on_both_caches! {
    what_was_put_is_given,
    the_last_one_put_counts,
    what_has_lived_is_gone,
    keys_are_apart,
}

const LONG: Duration = Duration::from_secs(60);

fn key() -> String {
    format!("chat:statistics:test:{}", Uuid::new_v4())
}

async fn get(cache: &dyn Cache, key: &str) -> Option<String> {
    cache.get(key).await.unwrap()
}

async fn what_was_put_is_given(cache: &dyn Cache) {
    let key = key();
    assert_eq!(get(cache, &key).await, None);
    cache.put(&key, r#"{"text":"grün"}"#, LONG).await.unwrap();
    assert_eq!(get(cache, &key).await.as_deref(), Some(r#"{"text":"grün"}"#));
}

async fn the_last_one_put_counts(cache: &dyn Cache) {
    let key = key();
    cache.put(&key, "one", LONG).await.unwrap();
    cache.put(&key, "two", LONG).await.unwrap();
    assert_eq!(get(cache, &key).await.as_deref(), Some("two"));
}

async fn what_has_lived_is_gone(cache: &dyn Cache) {
    let key = key();
    cache.put(&key, "long", LONG).await.unwrap();
    cache.put(&key, "short", Duration::from_millis(50)).await.unwrap();
    eventually(async || get(cache, &key).await.is_none()).await;
    cache.put(&key, "none at all", Duration::ZERO).await.unwrap();
    eventually(async || get(cache, &key).await.is_none()).await;
}

async fn keys_are_apart(cache: &dyn Cache) {
    let (one, other) = (key(), key());
    cache.put(&one, "one", LONG).await.unwrap();
    assert_eq!(get(cache, &other).await, None);
}
