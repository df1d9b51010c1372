//! Who may do what in a room: one table, checked for every action.

use crate::Error;
use crate::app::App;
use crate::identity::{Caller, Permission};
use crate::ids::{RoomRef, UserId};
use crate::model::{MemberRole, Membership, Page, Role, Room, RoomType};
use crate::ports::SessionFilter;

/// What somebody wants to do with a room that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Read,
    Send,
    Leave,
    /// Name, description, settings.
    Change,
    AddMember,
    RemoveMember,
    Ban,
    SetRole,
    Delete,
}

/// The least role that an action takes; None: nobody may, in a room of this type.
#[must_use]
pub fn least_role(kind: RoomType, action: Action) -> Option<MemberRole> {
    use MemberRole as M;
    match (action, kind) {
        (Action::Read | Action::Send, _) => Some(M::Member),
        (_, RoomType::Direct | RoomType::Support) => None,
        (Action::Leave, _) => Some(M::Member),
        (Action::Change | Action::AddMember | Action::RemoveMember | Action::Ban, _) => Some(M::Admin),
        (Action::SetRole | Action::Delete, _) => Some(M::Owner),
    }
}

/// A room and the caller's place in it.
#[derive(Debug, Clone)]
pub struct Seat {
    pub room: Room,
    pub membership: Membership,
}

/// The caller's seat, if the table lets them do this.
///
/// # Errors
/// `not_found`; `forbidden` for those who aren't in it or whose role is too low.
pub async fn seat(app: &App, caller: &Caller, room: &RoomRef, action: Action) -> Result<Seat, Error> {
    let (room, membership) = find(app, caller, room).await?;
    let membership = membership.ok_or_else(|| Error::forbidden("not a member of the room"))?;
    check(&room, membership.role, action)?;
    Ok(Seat { room, membership })
}

/// A room that the caller may look at: a member, anyone for a public one, and who may see every room.
///
/// # Errors
/// `not_found`, `forbidden`.
pub async fn view(app: &App, caller: &Caller, room: &RoomRef) -> Result<Room, Error> {
    let (room, membership) = find(app, caller, room).await?;
    let open = room.kind == RoomType::Public && caller.role != Role::Visitor;
    let oversight = room.kind != RoomType::Direct && caller.may(Permission::MessagingView);
    if membership.is_some() || open || oversight {
        Ok(room)
    } else {
        Err(Error::forbidden("not a member of the room"))
    }
}

/// Whether somebody may look a user up. Visitors know themselves and those who serve or served them; everybody
/// else knows everybody.
///
/// # Errors
/// `unavailable`.
pub async fn knows(app: &App, caller: &Caller, user: UserId) -> Result<bool, Error> {
    if caller.role != Role::Visitor || caller.user == user {
        return Ok(true);
    }
    let served = SessionFilter { visitor: Some(caller.user), staff: Some(user), ..SessionFilter::default() };
    let sessions = app.desk.sessions(&served, Page { number: 1, size: 1 }).await?;
    Ok(!sessions.items.is_empty())
}

async fn find(app: &App, caller: &Caller, room: &RoomRef) -> Result<(Room, Option<Membership>), Error> {
    let found = app.rooms.membership(room, caller.user).await?;
    found.ok_or_else(|| Error::not_found("no such room"))
}

fn check(room: &Room, role: MemberRole, action: Action) -> Result<(), Error> {
    match least_role(room.kind, action) {
        Some(least) if role >= least => Ok(()),
        Some(MemberRole::Owner) => Err(Error::forbidden("only the room's owner may do this")),
        Some(_) => Err(Error::forbidden("only the room's admins may do this")),
        None => Err(Error::forbidden("not in a room of this type")),
    }
}
