//! Rates of whatever else than frames.

use shared::limiter::Rate;
use uuid::Uuid;

use super::{Adapter, NOW, redis_at};

/// Nobody else's.
fn a_key() -> String {
    format!("login:{}", Uuid::now_v7())
}

pub(super) async fn a_burst_passes_and_the_next_waits(adapter: Adapter) {
    let (presence, key, rate) = (adapter.presence(), a_key(), Rate::per_minute(6, 3));
    for _ in 0..3 {
        assert_eq!(presence.limit(&key, rate, NOW).await, Ok(()));
    }
    assert_eq!(presence.limit(&key, rate, NOW).await, Err(10_000));
    assert_eq!(presence.limit(&key, rate, NOW.plus(9_999)).await, Err(1), "a refused one isn't counted");
    assert_eq!(presence.limit(&key, rate, NOW.plus(10_000)).await, Ok(()));
    assert_eq!(presence.limit(&a_key(), rate, NOW).await, Ok(()), "keys are apart");
}

pub(super) async fn a_rate_of_an_hour_is_kept(adapter: Adapter) {
    let (presence, key, rate) = (adapter.presence(), a_key(), Rate::per_hour(1, 1));
    assert_eq!(presence.limit(&key, rate, NOW).await, Ok(()));
    assert_eq!(presence.limit(&key, rate, NOW).await, Err(3_600_000));
}

pub(super) async fn a_rate_of_zero_limits_nothing(adapter: Adapter) {
    let (presence, key) = (adapter.presence(), a_key());
    for _ in 0..20 {
        assert_eq!(presence.limit(&key, Rate::per_hour(0, 1), NOW).await, Ok(()));
    }
}

#[tokio::test]
async fn without_redis_the_instance_limits_by_itself() {
    let presence = redis_at("redis://127.0.0.1:1", 0, 0);
    use shared::ports::Presence;
    let (key, rate) = (a_key(), Rate::per_minute(60, 2));
    assert_eq!(presence.limit(&key, rate, NOW).await, Ok(()));
    assert_eq!(presence.limit(&key, rate, NOW).await, Ok(()));
    assert_eq!(presence.limit(&key, rate, NOW).await, Err(1_000));
}
