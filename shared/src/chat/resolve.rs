//! From what a client wrote to the room that it means.

use crate::Error;
use crate::app::App;
use crate::chat::access::{self, Action};
use crate::frames::Target;
use crate::identity::Caller;
use crate::ids::{NameOr, RoomId, RoomRef, UserId, UserRef};
use crate::model::{Role, Room};
use crate::ports::RoomsError;

/// The room that a message goes to. A room's id costs no look-up: the append checks it.
///
/// # Errors
/// `not_found` for a name that nobody has; `invalid` for a message to oneself; `forbidden` for a visitor who
/// writes to a user, and for who writes to a visitor.
pub(super) async fn room(app: &App, caller: &Caller, target: &Target) -> Result<RoomId, Error> {
    match target {
        Target::Room(NameOr::Id(room)) => Ok(*room),
        Target::Room(name) => named(app, name).await,
        Target::User(peer) => direct(app, caller, peer).await,
        Target::RoomElseUser(room, peer) => match own_room(app, caller, room).await? {
            Some(room) => Ok(room.id),
            None => direct(app, caller, peer).await,
        },
    }
}

/// The room that a frame is about, which the caller is in; unlike [`room`] it makes none. None: the two have
/// no room yet.
///
/// # Errors
/// `forbidden`, `not_found`; `invalid` for oneself.
pub(super) async fn existing(app: &App, caller: &Caller, target: &Target) -> Result<Option<Room>, Error> {
    match target {
        Target::Room(room) => Ok(Some(access::seat(app, caller, room, Action::Read).await?.room)),
        Target::User(user) => pair(app, caller, user).await,
        Target::RoomElseUser(room, user) => match own_room(app, caller, room).await? {
            Some(room) => Ok(Some(room)),
            None => pair(app, caller, user).await,
        },
    }
}

async fn pair(app: &App, caller: &Caller, peer: &UserRef) -> Result<Option<Room>, Error> {
    let peer = peer_of(app, caller, peer).await?;
    Ok(app.rooms.pair(caller.user, peer).await?)
}

async fn named(app: &App, name: &RoomRef) -> Result<RoomId, Error> {
    let room = app.rooms.find(name).await?;
    room.map(|room| room.id).ok_or_else(|| Error::not_found("no such room"))
}

/// The room, when the caller is in it.
async fn own_room(app: &App, caller: &Caller, room: &RoomRef) -> Result<Option<Room>, Error> {
    let found = app.rooms.membership(room, caller.user).await?;
    Ok(found.and_then(|(room, membership)| membership.map(|_| room)))
}

async fn direct(app: &App, caller: &Caller, peer: &UserRef) -> Result<RoomId, Error> {
    let peer = peer_of(app, caller, peer).await?;
    direct_with(app, caller.user, peer).await
}

/// Visitors are in no direct room, and aren't told who is here: a name that nobody has is answered as one that
/// somebody has.
async fn peer_of(app: &App, caller: &Caller, peer: &UserRef) -> Result<UserId, Error> {
    if caller.role == Role::Visitor {
        return Err(Error::forbidden("visitors have their own session only"));
    }
    let peer = match peer {
        NameOr::Id(peer) => *peer,
        NameOr::Name(_) => app.accounts.find(peer).await?.ok_or_else(no_such_user)?.id,
    };
    if peer == caller.user { Err(Error::invalid("to", "is yourself")) } else { Ok(peer) }
}

async fn direct_with(app: &App, user: UserId, peer: UserId) -> Result<RoomId, Error> {
    match app.rooms.direct(user, peer, app.clock.now()).await {
        Ok(room) => Ok(room.id),
        Err(RoomsError::UnknownUser(_)) => Err(no_such_user()),
        Err(RoomsError::Visitor(visitor)) => Err(Error::visitor("to", visitor)),
        Err(error) => Err(error.into()),
    }
}

fn no_such_user() -> Error {
    Error::not_found("to: no such user")
}
