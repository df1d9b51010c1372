//! Making a connection reachable, and forgetting it.

use crate::app::App;
use crate::chat::{repair, status};
use crate::clock::UnixMs;
use crate::config::ROUTING_TTL;
use crate::identity::Caller;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, Listener, User};
use crate::ports::{
    Cap, ConnectionCaps, MissedConnection, OpenedConnection, Opening, PresenceError, Registration, StoreError,
};
use crate::{Code, Error};

/// How long before the end of its life a connection is told to open its successor, in milliseconds: 5 to 15
/// minutes.
pub const RECONNECT_BEFORE_MS: std::ops::RangeInclusive<i64> = 5 * 60_000..=15 * 60_000;

/// Writes a new connection's row and tells presence of it in all its user's rooms. Presence being away is no
/// error, and then nothing is counted: it is told when it is back.
///
/// # Errors
/// `unauthenticated` when the tokens of the user were revoked since the handshake; `rate_limited` when the user
/// has too many connections; `unavailable` when all of them together are too many, or the store is away.
/// Nothing is left of it then.
pub async fn open(app: &App, caller: &Caller, address: &Address) -> Result<(), Error> {
    let registration = log(app, caller, address).await?;
    let caps = app.config.sockets.caps();
    match app.presence.open(&registration, caps, app.clock.now()).await {
        Ok(Opening::Registered { arrived: true }) => status::changed(app, &[caller.user]).await,
        Ok(Opening::Registered { arrived: false }) => {}
        Ok(Opening::Full(cap)) => {
            app.connection_log.closed(&address.connection).await?;
            return Err(full(cap, caps));
        }
        Err(error) => missed(app, caller.user, &address.connection, &error).await,
    }
    Ok(())
}

fn full(cap: Cap, caps: ConnectionCaps) -> Error {
    match cap {
        Cap::PerUser => Error::new(
            Code::RateLimited,
            format!("the user has {} connections open, the most there may be", caps.per_user),
        ),
        Cap::Overall => Error::new(Code::Unavailable, "as many connections are open as there may be"),
    }
}

/// The same for a connection that is open already, whatever its number; again without harm. Answers whether
/// nobody has been told yet that the user is here.
///
/// # Errors
/// `unauthenticated` when the tokens of the user were revoked since the handshake; `unavailable` when the
/// store is away.
pub async fn register(app: &App, caller: &Caller, address: &Address) -> Result<bool, Error> {
    let registration = log(app, caller, address).await?;
    match app.presence.register(&registration, app.clock.now()).await {
        Ok(arrived) => Ok(arrived),
        Err(error) => {
            missed(app, caller.user, &address.connection, &error).await;
            Ok(false)
        }
    }
}

async fn log(app: &App, caller: &Caller, address: &Address) -> Result<Registration, Error> {
    let opened = OpenedConnection {
        user: caller.user,
        address: address.clone(),
        device: caller.device.clone(),
        token_version: caller.token_version,
        reconnect_at: reconnect_at(address.connected_at),
    };
    let rooms = app.connection_log.opened(&opened).await?;
    let profile = User { id: caller.user, username: caller.username.clone(), nickname: caller.name.clone() };
    let rooms = rooms.ok_or_else(|| Error::unauthenticated("the token was revoked"))?;
    let OpenedConnection { user, address, device, .. } = opened;
    Ok(Registration { user, address, device, rooms, profile: Some(profile) })
}

/// Early enough to open the next socket in peace, and at random, so that those who came together don't all
/// come back together.
fn reconnect_at(connected_at: UnixMs) -> UnixMs {
    let life_ms = i64::try_from(ROUTING_TTL.as_millis()).unwrap_or(i64::MAX);
    connected_at.plus(life_ms - rand::random_range(RECONNECT_BEFORE_MS))
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

/// Whose last connection went is not announced at once: they may be changing networks.
async fn forget_in_presence(app: &App, user: UserId, connection: &ConnectionId, rooms: &[RoomId]) {
    match app.presence.forget(user, connection, rooms, app.clock.now()).await {
        Ok(true) => {}
        Ok(false) => status::changed_after(app, user, app.config.sockets.offline_grace).await,
        Err(error) => missed(app, user, connection, &error).await,
    }
}

/// What presence was not told of a connection it is told when it is back.
async fn missed(app: &App, user: UserId, connection: &ConnectionId, away: &PresenceError) {
    tracing::warn!(error = %away, %connection, "presence learns of it later");
    let missed = MissedConnection { user, connection: connection.clone() };
    if let Err(error) = repair::ask(app, &[missed]).await {
        tracing::warn!(%error, %connection, "presence learns of it by its next frame, or the next post to it");
    }
}
