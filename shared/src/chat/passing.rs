//! What is told in passing (receipts, typing): posted to whoever listens now, and kept by nobody.

use std::time::Duration;

use crate::app::App;
use crate::chat::{fanout, registration};
use crate::frames::{Outgoing, ServerFrame};
use crate::ids::RoomId;
use crate::model::Listener;

/// For all posts of one; whoever they don't reach in it is not told.
const BUDGET: Duration = Duration::from_millis(200);

/// Posts to all of them, and forgets those that are gone.
pub(super) async fn tell(app: &App, room: RoomId, to: Vec<Listener>, frame: &ServerFrame<'_>) {
    let posted = fanout::post(app, to, &Outgoing::new(frame), BUDGET).await;
    for gone in &posted.gone {
        if let Err(error) = registration::forget_gone(app, gone, room).await {
            tracing::warn!(%error, "a connection that is gone was not forgotten");
        }
    }
}
