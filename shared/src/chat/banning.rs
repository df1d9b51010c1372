//! Keeping somebody out of a room.

use crate::Error;
use crate::app::App;
use crate::chat::access::{self, Action, Seat};
use crate::chat::members;
use crate::identity::{Caller, Permission};
use crate::ids::{RoomId, RoomRef, UserId};
use crate::ports::NewBan;

/// Bans from a room and takes the user out of it, if they are in. Who manages users may in every room that
/// can be left; a room's admins may, but not those of their own role or a higher one.
///
/// # Errors
/// `forbidden`, `not_found`.
pub async fn ban(app: &App, caller: &Caller, room: &RoomRef, ban: &NewBan) -> Result<RoomId, Error> {
    let room = overseen(app, caller, room, ban.user).await?;
    let change = app.bans.ban_from_room(room, ban).await?;
    members::left(app, &change).await;
    Ok(room)
}

/// Ends such a ban.
///
/// # Errors
/// `forbidden`; `not_found`, also when there is none in force.
pub async fn lift(app: &App, caller: &Caller, room: &RoomRef, user: UserId) -> Result<RoomId, Error> {
    let room = overseen(app, caller, room, user).await?;
    if app.bans.lift_from_room(room, user, app.clock.now()).await? {
        Ok(room)
    } else {
        Err(Error::not_found("not banned from the room"))
    }
}

/// The room, when the caller may keep the user out of it.
async fn overseen(app: &App, caller: &Caller, room: &RoomRef, user: UserId) -> Result<RoomId, Error> {
    if caller.may(Permission::UsersManage) {
        let found = app.rooms.find(room).await?;
        return found.map(|room| room.id).ok_or_else(|| Error::not_found("no such room"));
    }
    let Seat { room, membership } = access::seat(app, caller, room, Action::Ban).await?;
    let theirs = app.rooms.membership(&RoomRef::Id(room.id), user).await?;
    let theirs = theirs.and_then(|(_, membership)| membership);
    if theirs.is_some_and(|theirs| theirs.role >= membership.role) {
        return Err(Error::forbidden("only somebody of a higher role may do this"));
    }
    Ok(room.id)
}
