use shared::app::App;
use shared::telemetry::{Metric, is_exported};

/// Notes what is open and what waits, before anything is done about it. What can't be known is left out, and where
/// nothing is exported nobody is asked.
pub(crate) async fn note(app: &App) {
    if !is_exported() {
        return;
    }
    let (outbox, queues) = tokio::join!(app.outbox.backlog(), app.bus.depths());
    if let Ok((open, oldest)) = outbox {
        let now = app.clock.now();
        let age_s = oldest.map_or(0.0, |oldest| (now.0 - oldest.0).max(0) as f64 / 1000.0);
        Metric::OutboxOpen.record(open as f64);
        Metric::OutboxAge.record(age_s);
    }
    for queue in queues.unwrap_or_default() {
        Metric::QueueMessages.record_by(queue.queue, queue.messages as f64);
    }
}
