use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{audience, fanout, registration};
use shared::frames::Outgoing;
use shared::ids::{RoomId, RoomRef};
use shared::model::Listener;
use shared::ports::{Left, MessageStored};

use crate::post;

/// Posts a stored entry to whoever has not had it, and forgets the connections that were gone.
pub(crate) async fn deliver(app: &App, stored: &MessageStored) -> Result<(), Error> {
    let room = stored.entry.room_id();
    for gone in &stored.gone {
        registration::forget_gone(app, gone, room).await?;
    }
    let to = match &stored.left {
        Left::Nobody => return Ok(()),
        Left::These(listeners) => listeners.clone(),
        Left::Everyone => everyone(app, room).await?,
    };
    let frame = Outgoing::new(&(&stored.entry).into());
    if fanout::is_large(app, &to) {
        fanout::enqueue(app, room, &to, &frame, 0).await?;
        return Ok(());
    }
    post::patiently(app, room, to, &frame, 0).await
}

/// Whoever is in the room now; nobody when it was deleted meanwhile.
async fn everyone(app: &App, room: RoomId) -> Result<Vec<Listener>, Error> {
    match app.rooms.find(&RoomRef::Id(room)).await? {
        Some(room) => Ok(audience::of_room(app, room.id, room.members_version).await?),
        None => Ok(Vec::new()),
    }
}
