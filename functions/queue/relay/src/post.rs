use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Uri};
use shared::app::App;
use shared::clock::UnixMs;
use shared::model::{Attempt, ServiceInstance};
use shared::webhook::OutboundError;
use tokio::time::Instant;

/// One post of an event to one instance.
pub(crate) async fn post(
    app: &App,
    instance: &ServiceInstance,
    headers: HeaderMap,
    body: Bytes,
    round: u32,
    at: UnixMs,
) -> Attempt {
    let began = Instant::now();
    let answer = answer(app, &instance.events_url, headers, body, app.config.events.deadline).await;
    let (status, error) = match answer {
        Ok(status @ 200..=299) => (Some(status), None),
        Ok(status) => (Some(status), Some(format!("it answered {status}"))),
        Err(error) => (None, Some(error)),
    };
    let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Attempt { round, url: Some(instance.events_url.clone()), at, took_ms, status, error }
}

async fn answer(
    app: &App,
    url: &str,
    headers: HeaderMap,
    body: Bytes,
    deadline: Duration,
) -> Result<u16, String> {
    let url: Uri = url.parse().map_err(|_| "its events_url is not a URL".to_owned())?;
    let answer = app.outbound.post_for_status(&url, headers, body, deadline).await;
    if matches!(answer, Err(OutboundError::Late)) {
        app.outbound.note_silence(&url, app.clock.now());
    }
    answer.map_err(|error| error.to_string())
}
