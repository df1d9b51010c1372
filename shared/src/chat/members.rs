//! Coming to rooms and going: the change in the store, then presence, then the others are told.

use std::time::Duration;

use crate::Error;
use crate::app::App;
use crate::chat::access::{self, Action, Seat};
use crate::chat::{audience, blocking, fanout};
use crate::events;
use crate::frames::{Outgoing, ServerFrame, SystemEvent};
use crate::identity::Caller;
use crate::ids::{RoomId, RoomRef, UserId};
use crate::model::{MemberRole, OwnEvent, Role, User};
use crate::ports::Change;

/// Users named in one announcement.
const NAMED_AT_MOST: usize = 20;
pub(super) const ANNOUNCE_BUDGET: Duration = Duration::from_millis(200);

/// Joins a public room, making one of that name when there is none.
///
/// # Errors
/// `forbidden` (a private room, a visitor), `not_found`, `conflict` (full), `invalid` (not a room name).
pub async fn join(app: &App, caller: &Caller, room: &RoomRef) -> Result<Change, Error> {
    if caller.role == Role::Visitor {
        return Err(Error::forbidden("visitors have their own session only"));
    }
    if let RoomRef::Name(name) = room {
        crate::names::RoomName::parse(name).map_err(|problem| Error::invalid("room_id", problem))?;
    }
    let most = app.config.chat.room_max_members;
    let change = app.rooms.join(room, caller.user, most, app.clock.now()).await?;
    joined(app, &change).await;
    Ok(change)
}

/// # Errors
/// `forbidden` (not in it, a direct room), `not_found`.
pub async fn leave(app: &App, caller: &Caller, room: &RoomRef) -> Result<Change, Error> {
    let Seat { room, .. } = access::seat(app, caller, room, Action::Leave).await?;
    let change = app.rooms.remove_member(room.id, caller.user).await?;
    left(app, &change).await;
    Ok(change)
}

/// # Errors
/// `forbidden` (below admin, one of them blocks the caller, or is a visitor), `invalid` (an unknown user), `conflict` (full).
pub async fn add(app: &App, caller: &Caller, room: &RoomRef, users: &[UserId]) -> Result<Change, Error> {
    let Seat { room, .. } = access::seat(app, caller, room, Action::AddMember).await?;
    blocking::check(app, caller.user, users).await?;
    let most = app.config.chat.room_max_members;
    let change = app.rooms.add_members(room.id, users, most, app.clock.now()).await?;
    joined(app, &change).await;
    Ok(change)
}

/// Takes somebody out; to take out an admin one must be the owner.
///
/// # Errors
/// `forbidden`, `not_found`.
pub async fn remove(app: &App, caller: &Caller, room: &RoomRef, user: UserId) -> Result<Change, Error> {
    let Seat { room, membership } = access::seat(app, caller, room, Action::RemoveMember).await?;
    let theirs = role_of(app, room.id, user).await?;
    if theirs >= membership.role && user != caller.user {
        return Err(Error::forbidden("only somebody of a higher role may do this"));
    }
    let change = app.rooms.remove_member(room.id, user).await?;
    left(app, &change).await;
    Ok(change)
}

/// # Errors
/// `forbidden` (not the owner), `not_found`.
pub async fn set_role(
    app: &App,
    caller: &Caller,
    room: &RoomRef,
    user: UserId,
    role: MemberRole,
) -> Result<(), Error> {
    let Seat { room, .. } = access::seat(app, caller, room, Action::SetRole).await?;
    role_of(app, room.id, user).await?;
    if user == caller.user && role != MemberRole::Owner {
        return Err(Error::conflict("role: make somebody else the owner instead"));
    }
    Ok(app.rooms.set_role(room.id, user, role).await?)
}

async fn role_of(app: &App, room: RoomId, user: UserId) -> Result<MemberRole, Error> {
    let found = app.rooms.membership(&RoomRef::Id(room), user).await?;
    let membership = found.and_then(|(_, membership)| membership);
    membership.map(|m| m.role).ok_or_else(|| Error::not_found("no such member"))
}

/// Tells presence, the room and services that want to hear of it who came.
pub async fn joined(app: &App, change: &Change) {
    if change.users.is_empty() {
        return;
    }
    note(app, change, &change.users, &[]).await;
    let event = SystemEvent::MemberJoined {
        room_id: change.room,
        users: names(app, &change.users).await,
        count: change.users.len(),
    };
    announce(app, change.room, change.members_version, event).await;
    events::tell_if_possible(app, OwnEvent::joined(change)).await;
}

/// Tells presence, the room, those who went and services that want to hear of it.
pub(super) async fn left(app: &App, change: &Change) {
    if change.users.is_empty() {
        return;
    }
    note(app, change, &[], &change.users).await;
    let event = SystemEvent::MemberLeft {
        room_id: change.room,
        users: names(app, &change.users).await,
        count: change.users.len(),
    };
    let frame = system_frame(app, event);
    match app.presence.listeners(&change.users).await {
        Ok(theirs) => {
            fanout::post(app, theirs, &frame, ANNOUNCE_BUDGET).await;
        }
        Err(error) => tracing::warn!(%error, "not told of leaving"),
    }
    announce_frame(app, change.room, change.members_version, &frame).await;
    events::tell_if_possible(app, OwnEvent::left(change)).await;
}

/// A list that isn't brought up to date is of an older version, and the next reader rebuilds it.
async fn note(app: &App, change: &Change, came: &[UserId], went: &[UserId]) {
    let noted = app.presence.members_changed(change.room, came, went, change.members_version).await;
    if let Err(error) = noted {
        tracing::warn!(%error, room = %change.room, "members changed without presence");
    }
}

/// The first of the users by name, so that the frame stays small however many came.
async fn names(app: &App, users: &[UserId]) -> Vec<User> {
    let first = &users[..users.len().min(NAMED_AT_MOST)];
    app.accounts.users(first).await.unwrap_or_default()
}

/// Sends a `system` frame to everyone in the room. Best effort: nothing of it is stored.
pub async fn announce(app: &App, room: RoomId, members_version: i64, event: SystemEvent) {
    let frame = system_frame(app, event);
    announce_frame(app, room, members_version, &frame).await;
}

/// A `system` frame of now.
pub fn system_frame(app: &App, event: SystemEvent) -> Outgoing {
    Outgoing::new(&ServerFrame::System { event, timestamp: app.clock.now() })
}

async fn announce_frame(app: &App, room: RoomId, members_version: i64, frame: &Outgoing) {
    match audience::of_room(app, room, members_version).await {
        Ok(listeners) => {
            fanout::spread(app, room, listeners, frame, ANNOUNCE_BUDGET).await;
        }
        Err(error) => tracing::warn!(%error, room = %room, "not announced"),
    }
}
