//! Who listens to a room right now.

use std::collections::HashSet;

use futures::future::join_all;

use crate::app::App;
use crate::chat::rebuild;
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
    let lost = match built {
        Some(_) => Vec::new(),
        None => find_lost(app, room, &audience.members).await?,
    };
    let rebuilt = app.presence.rebuild(room, audience.members_version, &audience.members).await?;
    Ok(with_lost(rebuilt.listeners, lost))
}

/// The same, and whoever the connection log knows and presence doesn't: those who came while it was away, until it
/// has learnt of them.
///
/// # Errors
/// When presence or the store is away.
pub async fn everyone_of_room(
    app: &App,
    room: RoomId,
    members_version: i64,
) -> Result<Vec<Listener>, AudienceError> {
    let listeners = of_room(app, room, members_version).await?;
    let Some(audience) = app.rooms.audience(room).await? else { return Ok(Vec::new()) };
    Ok(with_lost(listeners, app.connection_log.of_users(&audience.members).await?))
}

/// Every connection of these users, as presence and the connection log know them, so that neither alone decides:
/// presence may be away, or have lost what it held.
///
/// # Errors
/// When the store is away.
pub async fn of_users(app: &App, users: &[UserId]) -> Result<Vec<Listener>, StoreError> {
    let heard = app.presence.listeners(users).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "known by the log alone");
        Vec::new()
    });
    Ok(with_lost(heard, app.connection_log.of_users(users).await?))
}

/// A room that presence has never heard of may be one that it lost: whoever the connection log knows and
/// presence doesn't is restored, before the list is built and others read it. Their other rooms are
/// unheard of as well, and follow in turn or by the rebuild that starts here.
async fn find_lost(app: &App, room: RoomId, members: &[UserId]) -> Result<Vec<Listener>, AudienceError> {
    rebuild::start_if_lost(app).await;
    let logged = app.connection_log.of_users(members).await?;
    if logged.is_empty() {
        return Ok(logged);
    }
    let known = connections_of(&app.presence.listeners(members).await?);
    let lost: Vec<Listener> =
        logged.into_iter().filter(|listener| !known.contains(&listener.address.connection)).collect();
    join_all(lost.iter().map(|listener| restore(app, room, listener))).await;
    Ok(lost)
}

/// Who could not be restored is posted to all the same.
fn with_lost(mut listeners: Vec<Listener>, lost: Vec<Listener>) -> Vec<Listener> {
    let known = connections_of(&listeners);
    listeners.extend(lost.into_iter().filter(|listener| !known.contains(&listener.address.connection)));
    listeners
}

fn connections_of(listeners: &[Listener]) -> HashSet<ConnectionId> {
    listeners.iter().map(|listener| listener.address.connection.clone()).collect()
}

async fn restore(app: &App, room: RoomId, listener: &Listener) {
    let Listener { user, address } = listener.clone();
    let connected_at = address.connected_at;
    let registration = Registration { user, address, device: None, rooms: vec![room], profile: None };
    // As of when it connected: being found in the log is not being heard.
    if let Err(error) = app.presence.restore(&registration, connected_at, app.clock.now()).await {
        tracing::warn!(%error, "posted to, not restored");
    }
}
