//! Telling others who is here: what is said, and when it is worth a look.

use crate::app::App;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::Status;
use crate::ports::{BusError, Delay, Event, KeptStatus, StatusChanged, UserStatus};

/// What others are shown of somebody who is here or not, and said what they want to be shown as.
#[must_use]
pub const fn shown(online: bool, chosen: Status) -> Status {
    if online { chosen } else { Status::Offline }
}

/// When others are shown that the user was last heard. Who is here unseen was last seen when they chose so.
#[must_use]
pub fn last_seen(user: &UserStatus, kept: KeptStatus) -> Option<UnixMs> {
    let hides = user.online && kept.chosen == Status::Offline;
    if hides { kept.last_seen } else { user.last_seen.max(kept.last_seen) }
}

/// Has it looked at whether others are to be told of these users. Best effort: nothing of it is stored.
pub async fn changed(app: &App, users: &[UserId]) {
    note(app.bus.publish(&events(users), app.clock.now()).await);
}

/// The same after a while, in which they may come back.
pub async fn changed_after(app: &App, user: UserId, delay: Delay) {
    note(app.bus.publish_after(&events(&[user]), delay, app.clock.now()).await);
}

fn events(users: &[UserId]) -> Vec<Event> {
    users.iter().map(|&user| Event::StatusChanged(StatusChanged { user })).collect()
}

fn note(published: Result<(), BusError>) {
    if let Err(error) = published {
        tracing::warn!(%error, "nobody is told of a status");
    }
}
