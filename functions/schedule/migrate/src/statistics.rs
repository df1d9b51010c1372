use lambda_runtime::Error;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::app::App;
use shared::calendar::Day;
use shared::kept_figures;

/// Days counted anew by one invocation.
const REBUILD_MAX_DAYS: i64 = 366;

/// `{"from": "2026-11-01", "to": "2026-11-21"}`, both included.
#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    from: Day,
    to: Day,
}

/// Counts some days anew out of messages and sessions. `shown` is false when figures from before may still be
/// shown for an hour, since the cache that kept them was away.
///
/// # Errors
/// When the days are none, too many, or retention has removed messages of them; when the database is away.
pub(crate) async fn rebuild(app: &App, span: &Span) -> Result<Value, Error> {
    let Span { from, to } = *span;
    if !(1..=REBUILD_MAX_DAYS).contains(&from.days_to(to)) {
        return Err(format!("from {from} to {to} must be 1 to {REBUILD_MAX_DAYS} days").into());
    }
    let calendar = app.config.statistics.calendar()?;
    if calendar.begins(from) < app.config.messages.whole_since(app.clock.now()) {
        return Err(format!("messages of {from} were removed by retention: begin with a later day").into());
    }
    let rows_changed = app.statistics.rebuild(&(from..=to), &calendar).await?;
    // Also when nothing changed: the time before, the cache may have been away.
    let shown = kept_figures::recounted(app).await;
    tracing::info!(%from, %to, rows_changed, shown, "statistics rebuilt");
    Ok(json!({ "rebuilt": { "from": from, "to": to, "rows_changed": rows_changed, "shown": shown } }))
}
