//! Who listens to a room right now.

use std::collections::HashSet;

use futures::future::join_all;

use crate::app::App;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::Listener;
use crate::ports::{PresenceError, Registration, RoomAudience, StoreError};

/// The recipients are unknown for now.
#[derive(Debug, thiserror::Error)]
pub enum AudienceError {
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The room's live connections, of members as of `members_version` or later. A list that presence built
/// from older members is rebuilt from the store first, so that nobody who left is posted to.
///
/// # Errors
/// When presence is away, or the store when it was needed.
pub async fn of_room(app: &App, room: RoomId, members_version: i64) -> Result<Vec<Listener>, AudienceError> {
    let RoomAudience { members_version: built, listeners } = app.presence.audience(room).await?;
    if built.is_some_and(|built| built >= members_version) {
        return Ok(listeners);
    }
    let Some(audience) = app.rooms.audience(room).await? else { return Ok(Vec::new()) };
    let rebuilt = app.presence.rebuild(room, audience.members_version, &audience.members).await?;
    if built.is_some() {
        return Ok(rebuilt.listeners);
    }
    complete(app, room, &audience.members, rebuilt.listeners).await
}

/// A room that presence has never heard of may be one that it lost: whoever the connection log knows and
/// presence doesn't is registered again. Its other rooms are unheard of as well, and follow in turn.
async fn complete(
    app: &App,
    room: RoomId,
    members: &[UserId],
    mut known: Vec<Listener>,
) -> Result<Vec<Listener>, AudienceError> {
    let logged = app.connection_log.of_users(members).await?;
    let heard: HashSet<ConnectionId> = known.iter().map(|l| l.address.connection.clone()).collect();
    let lost: Vec<Listener> =
        logged.into_iter().filter(|listener| !heard.contains(&listener.address.connection)).collect();
    join_all(lost.iter().map(|listener| register(app, room, listener))).await;
    known.extend(lost);
    Ok(known)
}

async fn register(app: &App, room: RoomId, listener: &Listener) {
    let Listener { user, address } = listener.clone();
    let connected_at = address.connected_at;
    let registration = Registration { user, address, device: None, rooms: vec![room] };
    // As of when it connected: being found in the log is not being heard.
    if let Err(error) = app.presence.register(&registration, connected_at).await {
        tracing::warn!(%error, "posted to, not registered again");
    }
}
