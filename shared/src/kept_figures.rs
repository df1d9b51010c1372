//! Figures that are kept in the cache, and how they stop being shown when days are counted anew.

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::ports::{Cache, CacheError};

/// The longest that any are kept.
pub const LIFETIME_MAX: Duration = Duration::from_secs(3600);

/// Where the name of the last recount stands, if there was one lately.
const RECOUNT: &str = "chat:statistics:recount";
/// Longer than anything that was kept before it, or by somebody who began to compute before it.
const RECOUNT_LIFETIME: Duration = Duration::from_secs(2 * LIFETIME_MAX.as_secs());

/// The key of such figures: `chat:statistics:{kind}`, and after a recount its name behind that. To be asked for
/// before they are computed: what was computed during a recount is never found.
///
/// # Errors
/// When the cache is away.
pub async fn key(cache: &dyn Cache, kind: &str) -> Result<String, CacheError> {
    Ok(match cache.get(RECOUNT).await? {
        None => format!("chat:statistics:{kind}"),
        Some(recount) => format!("chat:statistics:{kind}:{recount}"),
    })
}

/// After a recount was committed: nobody is shown what was computed before any more. Answers whether that is so;
/// without a cache, what it kept may be shown for its lifetime when it is back.
pub async fn recounted(app: &App) -> bool {
    let put = app.cache.put(RECOUNT, &Uuid::now_v7().to_string(), RECOUNT_LIFETIME).await;
    let put = put.inspect_err(|error| tracing::warn!(%error, "figures from before the recount stay"));
    put.is_ok()
}
