//! Who listens to a room right now.

use crate::app::App;
use crate::ids::RoomId;
use crate::model::Listener;
use crate::ports::{PresenceError, RoomAudience, StoreError};

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
    Ok(app.presence.rebuild(room, audience.members_version, &audience.members).await?.listeners)
}
