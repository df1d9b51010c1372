use crate::app::App;
use crate::clock::UnixMs;
use crate::events;
use crate::model::OwnEvent;
use crate::ports::InstanceChange;

/// Tells those who subscribed to `system_event` what became of instances. That stands, whatever comes of telling.
pub async fn tell(app: &App, changes: &[InstanceChange]) {
    let now = app.clock.now();
    let changes: Vec<(&InstanceChange, UnixMs)> = changes.iter().map(|change| (change, now)).collect();
    let told = events::tell(app, &changes, |(change, at)| OwnEvent::instance_changed(change, *at)).await;
    if let Err(error) = told {
        tracing::warn!(%error, changes = changes.len(), "services are not told");
    }
}
