use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{audience, fanout, registration};
use shared::frames::Outgoing;
use shared::ids::{RoomId, RoomRef};
use shared::model::Listener;
use shared::ports::{Left, MessageStored};

use crate::post::{self, Errand};

/// Who is in each room that a batch has something for, asked once for all its entries.
pub(crate) type Audiences = HashMap<RoomId, Vec<Listener>>;

/// The audiences of those entries that go to everyone.
pub(crate) async fn audiences(app: &App, entries: &[MessageStored]) -> Result<Audiences, Error> {
    let to_all = entries.iter().filter(|stored| stored.unposted.left == Left::Everyone);
    let rooms: HashSet<RoomId> = to_all.map(|stored| stored.entry.room_id()).collect();
    if !rooms.is_empty() {
        // Most are of an outage of presence: found over, it is over for all.
        app.presence.ping().await?;
    }
    let asked = rooms.into_iter().map(|room| async move { Ok((room, everyone(app, room).await?)) });
    let answered: Result<_, Error> = try_join_all(asked).await;
    Ok(answered?.into_iter().collect())
}

/// Posts a stored entry to whoever has not had it, and forgets the connections that were gone.
pub(crate) async fn deliver(app: &App, stored: &MessageStored, audiences: &Audiences) -> Result<(), Error> {
    let room = stored.entry.room_id();
    for gone in &stored.unposted.gone {
        registration::forget_gone(app, gone, room).await?;
    }
    let to = match &stored.unposted.left {
        Left::Nobody => return Ok(()),
        Left::These(listeners) => listeners.clone(),
        Left::Everyone => audiences.get(&room).cloned().unwrap_or_default(),
    };
    let frame = Outgoing::new(&(&stored.entry).into());
    if fanout::is_large(app, &to) {
        fanout::enqueue(app, room, &to, &frame, 0).await?;
        return Ok(());
    }
    let tally = post::patiently(app, Errand::of_room(room), to, &frame).await?;
    if tally.posted > 0 {
        fanout::note_time(app, stored.entry.timestamp());
    }
    Ok(())
}

/// Whoever is in the room now; nobody when it was deleted meanwhile.
async fn everyone(app: &App, room: RoomId) -> Result<Vec<Listener>, Error> {
    match app.rooms.find(&RoomRef::Id(room)).await? {
        Some(room) => Ok(audience::everyone_of_room(app, room.id, room.members_version).await?),
        None => Ok(Vec::new()),
    }
}
