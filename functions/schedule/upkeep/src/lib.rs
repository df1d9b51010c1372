//! What nobody else comes back for: outbox rows that stayed open, connections whose `$disconnect` was
//! lost, sockets that outlived a revocation or are near the end of their life, users who went silent, an
//! empty presence that nobody speaks to, pushes whose event was lost; staff who went or came unseen, sessions
//! of those who stay away, sessions in which nothing is said any more; what is past its retention; and, once
//! after midnight, the figures of the day before.
//!
//! EventBridge invokes it once a minute, the shortest that it offers; while anything is overdue it looks
//! again each second.

mod connections;
mod figures;
mod outbox;
mod pushes;
mod reconnect;
mod retention;
mod revoked;
mod services;
mod statistics;
mod support;

use std::time::Duration;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use futures::future::try_join;
use lambda_runtime::Error;
use shared::app::App;
use tokio::time::{Instant, sleep};

/// How long one invocation watches an outbox that doesn't empty: until shortly before the next.
const WATCH: Duration = Duration::from_secs(50);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// # Errors
/// When the store is away; the next minute tries again.
pub async fn handle(app: &App, _event: EventBridgeEvent<serde_json::Value>) -> Result<(), Error> {
    let until = Instant::now() + WATCH;
    let (looked, ()) = try_join(services::look(app, until), sweep(app, until)).await?;
    let services::Looked { checked, changed, dropped } = looked;
    tracing::info!(checked, changed, dropped, "services were looked after");
    Ok(())
}

async fn sweep(app: &App, until: Instant) -> Result<(), Error> {
    figures::note(app).await;
    let forgotten = connections::forget_lapsed(app).await?;
    let closed = revoked::close(app).await?;
    let told = reconnect::tell_due(app).await?;
    let rebuilt = connections::rebuild_if_lost(app).await;
    connections::note_heard(app).await?;
    let silent = connections::sweep_silent(app).await;
    let lost = connections::forget_lost(app, &silent).await?;
    let expired = retention::expire(app).await?;
    let overdue = pushes::reschedule(app).await?;
    let absent = support::mark_absent(app).await?;
    let returned = support::return_sessions(app).await?;
    let idle = support::close_idle(app).await?;
    support::look_at_present(app).await?;
    let wrong = statistics::check_yesterday(app).await?;
    let mut republished = 0;
    while outbox::is_overdue(app).await? && Instant::now() < until {
        republished += outbox::sweep_due(app, until).await?;
        sleep(LOOK_AGAIN).await;
    }
    let silent = silent.len();
    tracing::info!(
        forgotten,
        closed,
        told,
        rebuilt,
        silent,
        lost,
        expired,
        overdue,
        wrong,
        republished,
        "swept"
    );
    tracing::info!(absent, returned, idle, "the desk was looked at");
    Ok(())
}
