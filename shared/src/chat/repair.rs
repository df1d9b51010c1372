//! Connections that opened or closed while presence was away: when it is back, and holds what it held before,
//! nothing but their rows tells of them.

use std::collections::{BTreeSet, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::app::App;
use crate::chat::rebuild::RebuildError;
use crate::chat::status;
use crate::ids::{ConnectionId, UserId};
use crate::model::{Listener, Status};
use crate::ports::{BusError, Delay, Event, MissedConnection, PresenceRepair, Registration};

/// Connections named by one event.
pub const CONNECTIONS_MAX: usize = 500;
/// Brought in line at once.
const AT_ONCE: usize = 64;

/// Has it looked at a second later what presence should hold of these.
///
/// # Errors
/// When the bus is away. Then the next frame of an open connection tells, and the first post to a closed one.
pub async fn ask(app: &App, missed: &[MissedConnection]) -> Result<(), BusError> {
    let repairs = missed.chunks(CONNECTIONS_MAX).map(<[_]>::to_vec);
    let events: Vec<_> =
        repairs.map(|connections| Event::PresenceRepair(PresenceRepair { connections })).collect();
    app.bus.publish_after(&events, Delay::OneSecond, app.clock.now()).await
}

/// Brings presence in line with the rows of these connections, and has the others told who came and went.
///
/// # Errors
/// When a service is away; it can be done again without harm.
pub async fn repair(app: &App, missed: &[MissedConnection]) -> Result<(), RebuildError> {
    app.presence.ping().await?;
    let (came, mut went) = sort(app, missed).await?;
    let arrived: BTreeSet<UserId> = came.iter().map(|listener| listener.user).collect();
    let restored = stream::iter(came).map(|listener| restore(app, listener));
    let restored: Vec<MissedConnection> = restored.buffer_unordered(AT_ONCE).try_collect().await?;
    went.extend(closed_among(app, restored).await?);
    let forgotten = stream::iter(went).map(|missed| forget(app, missed));
    forgotten.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    status::changed(app, &arrived.into_iter().collect::<Vec<_>>()).await;
    Ok(())
}

/// Those that are open, and the others.
async fn sort(
    app: &App,
    missed: &[MissedConnection],
) -> Result<(Vec<Listener>, Vec<MissedConnection>), RebuildError> {
    let users: BTreeSet<UserId> = missed.iter().map(|missed| missed.user).collect();
    let mut ids: HashSet<&ConnectionId> = missed.iter().map(|missed| &missed.connection).collect();
    let mut open = app.connection_log.of_users(&users.into_iter().collect::<Vec<_>>()).await?;
    open.retain(|listener| ids.remove(&listener.address.connection));
    let closed = missed.iter().filter(|missed| ids.contains(&missed.connection)).cloned().collect();
    Ok((open, closed))
}

async fn restore(app: &App, listener: Listener) -> Result<MissedConnection, RebuildError> {
    let Listener { user, address } = listener;
    let (connection, connected_at) = (address.connection.clone(), address.connected_at);
    let rooms = app.rooms.rooms_of(user).await?;
    let registration = Registration { user, address, device: None, rooms, profile: None };
    // As of when it connected: being found in the log is not being heard.
    app.presence.restore(&registration, connected_at, app.clock.now()).await?;
    // Who is restored counts as told of, and nobody was told.
    app.presence.tell(user, Status::Offline).await?;
    Ok(MissedConnection { user, connection })
}

/// Those that closed between being read and being restored: whoever closed them forgot them too early.
async fn closed_among(
    app: &App,
    mut restored: Vec<MissedConnection>,
) -> Result<Vec<MissedConnection>, RebuildError> {
    let ids: Vec<ConnectionId> = restored.iter().map(|restored| restored.connection.clone()).collect();
    let open: HashSet<ConnectionId> = app.connection_log.still_open(&ids).await?.into_iter().collect();
    restored.retain(|restored| !open.contains(&restored.connection));
    Ok(restored)
}

async fn forget(app: &App, closed: MissedConnection) -> Result<(), RebuildError> {
    let MissedConnection { user, connection } = closed;
    let rooms = app.rooms.rooms_of(user).await?;
    if !app.presence.forget(user, &connection, &rooms, app.clock.now()).await? {
        status::changed_after(app, user, app.config.sockets.offline_grace).await;
    }
    Ok(())
}
