//! Answers that are kept for a while. Without a cache each is computed.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::calendar::{Calendar, Day};
use shared::clock::UnixMs;
use shared::kept_figures;
use shared::ports::CacheError;

/// Of how things stand now.
pub(crate) const REALTIME: Duration = Duration::from_secs(5);
/// Of the day that goes on.
pub(crate) const TODAY: Duration = Duration::from_secs(60);
/// Of days among which the present one may be.
pub(crate) const DAYS: Duration = Duration::from_secs(300);
/// Of days that are over.
pub(crate) const PAST_DAYS: Duration = kept_figures::LIFETIME_MAX;

/// How long figures up to `last` stay: yesterday's may still be put right.
pub(crate) fn lifetime(calendar: &Calendar, last: Day, now: UnixMs) -> Duration {
    let today = calendar.day_of(now);
    if last.next() < today { PAST_DAYS } else { DAYS }
}

/// The answer that is kept as `chat:statistics:{kind}`, or the one computed now, which is kept then.
///
/// # Errors
/// Those of the computing.
pub(crate) async fn answer<T: Serialize>(
    app: &App,
    kind: &str,
    lifetime: Duration,
    compute: impl Future<Output = Result<T, Error>>,
) -> Result<Response, Error> {
    let found = find(app, kind).await.inspect_err(|error| tracing::warn!(%error, "computed afresh"));
    if let Ok((_, Some(text))) = found {
        return Ok(json(text));
    }
    let computed = serde_json::to_string(&compute.await?).map_err(|error| {
        tracing::error!(%error, "an answer that can't be written");
        Error::internal()
    })?;
    if let Ok((key, _)) = found {
        let put = app.cache.put(&key, &computed, lifetime).await;
        let _ = put.inspect_err(|error| tracing::warn!(%error, "not kept"));
    }
    Ok(json(computed))
}

/// Where the answer is kept, and what is kept there.
async fn find(app: &App, kind: &str) -> Result<(String, Option<String>), CacheError> {
    let key = kept_figures::key(app.cache.as_ref(), kind).await?;
    let kept = app.cache.get(&key).await?;
    Ok((key, kept))
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
