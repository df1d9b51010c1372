//! Removing a room: those who listen are read before it goes and told once it is gone.

use crate::Error;
use crate::app::App;
use crate::chat::members::{ANNOUNCE_BUDGET, system_frame};
use crate::chat::{audience, fanout};
use crate::frames::SystemEvent;
use crate::model::{Listener, Room};

/// Deletes the room with everything in it. The caller may.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn delete(app: &App, room: &Room) -> Result<(), Error> {
    let listeners = listeners(app, room).await;
    app.rooms.delete(room.id).await?;
    let event = SystemEvent::RoomDeleted { room_id: room.id };
    let frame = system_frame(app, event);
    fanout::spread(app, room.id, listeners, &frame, ANNOUNCE_BUDGET).await;
    Ok(())
}

/// Nobody when presence is away: the announcement is best effort.
async fn listeners(app: &App, room: &Room) -> Vec<Listener> {
    let found = audience::of_room(app, room.id, room.members_version).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, room = %room.id, "deleted without telling");
        Vec::new()
    })
}
