//! Making a connection reachable, and forgetting it.

use crate::Error;
use crate::app::App;
use crate::identity::Caller;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, Listener};
use crate::ports::{OpenedConnection, Registration, StoreError};

/// Writes the connection's row and tells presence of it in all its user's rooms; again without harm.
/// Presence being away is no error: the next frame registers again.
///
/// # Errors
/// `unauthenticated` when the tokens of the user were revoked since the handshake; `unavailable` when the
/// store is away.
pub async fn register(app: &App, caller: &Caller, address: &Address) -> Result<(), Error> {
    let opened = OpenedConnection {
        user: caller.user,
        address: address.clone(),
        device: caller.device.clone(),
        token_version: caller.token_version,
    };
    let rooms = app.connection_log.opened(&opened).await?;
    let rooms = rooms.ok_or_else(|| Error::unauthenticated("the token was revoked"))?;
    let OpenedConnection { user, address, device, .. } = opened;
    let registration = Registration { user, address, device, rooms };
    if let Err(error) = app.presence.register(&registration, app.clock.now()).await {
        tracing::warn!(%error, "registered without presence");
    }
    Ok(())
}

/// Forgets a connection that closed, in the store and in presence.
///
/// # Errors
/// When the store is away, so that the caller can try again.
pub async fn forget(app: &App, connection: &ConnectionId) -> Result<(), StoreError> {
    if let Some((user, rooms)) = app.connection_log.closed(connection).await? {
        forget_in_presence(app, user, connection, &rooms).await;
    }
    Ok(())
}

/// Forgets a connection that a post to `room` found gone. Presence may know it when the store doesn't
/// any more.
///
/// # Errors
/// As [`forget`].
pub async fn forget_gone(app: &App, gone: &Listener, room: RoomId) -> Result<(), StoreError> {
    let connection = &gone.address.connection;
    let closed = app.connection_log.closed(connection).await?;
    let (user, rooms) = closed.unwrap_or_else(|| (gone.user, vec![room]));
    forget_in_presence(app, user, connection, &rooms).await;
    Ok(())
}

/// Forgets a connection of this user that was closed. Presence may know it when the store doesn't.
///
/// # Errors
/// As [`forget`].
pub async fn forget_closed(app: &App, closed: &Listener) -> Result<(), StoreError> {
    let Listener { user, address } = closed;
    let rooms = match app.connection_log.closed(&address.connection).await? {
        Some((_, rooms)) => rooms,
        None => app.rooms.rooms_of(*user).await?,
    };
    forget_in_presence(app, *user, &address.connection, &rooms).await;
    Ok(())
}

async fn forget_in_presence(app: &App, user: UserId, connection: &ConnectionId, rooms: &[RoomId]) {
    if let Err(error) = app.presence.forget(user, connection, rooms, app.clock.now()).await {
        tracing::warn!(%error, "forgotten without presence");
    }
}
