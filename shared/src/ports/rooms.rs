use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::ids::{RoomId, RoomRef, Seq, UserId};
use crate::model::{Listing, Member, MemberRole, Membership, Page, Room, RoomSummary, RoomType};

#[derive(Debug, Clone)]
pub struct NewRoom {
    /// `Group` or `Public`; pairs are made by `direct`.
    pub kind: RoomType,
    pub name: String,
    pub description: String,
    pub history_before_joining: bool,
    /// Becomes the owner.
    pub creator: UserId,
    /// Besides the creator; repeats are ignored.
    pub members: Vec<UserId>,
}

/// None leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct RoomPatch {
    pub name: Option<String>,
    pub description: Option<String>,
    pub history_before_joining: Option<bool>,
}

/// What a change of members did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub room: RoomId,
    /// Who came or went; empty when nothing changed.
    pub users: Vec<UserId>,
    /// After the change; raised by one when `users` isn't empty.
    pub members_version: i64,
    pub last_seq: Seq,
}

/// Who is in a room, and the version that the list belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    pub members_version: i64,
    pub members: Vec<UserId>,
}

/// How far a member has read, and whom that concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub membership: Membership,
    /// Their mark before.
    pub since: Seq,
    pub member_count: i64,
    /// Members whose messages lie between the two marks, neither the reader nor who blocks them or is blocked;
    /// of the newest [`RECEIPT_SPAN`] entries alone.
    pub senders: Vec<UserId>,
}

/// Entries that are looked through for the senders of what was read.
pub const RECEIPT_SPAN: i64 = 1_000;

#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    #[error("no such room")]
    NotFound,
    /// Public names are unique whatever their case.
    #[error("a public room of that name exists")]
    NameTaken,
    #[error("no user {0}")]
    UnknownUser(UserId),
    #[error("not a member")]
    NotMember,
    /// Only public rooms can be joined.
    #[error("the room can't be joined")]
    Private,
    /// Nobody can be added to or removed from the room of a pair.
    #[error("the members of this room are fixed")]
    FixedMembers,
    /// Somebody who would be brought together with this user blocks them.
    #[error("blocked")]
    Blocked,
    #[error("the room is full: {0} members at most")]
    Full(u32),
    /// Visitors are in the rooms of their own sessions alone.
    #[error("user {0} is a visitor")]
    Visitor(UserId),
    #[error("user {user} is banned from the room")]
    Banned { user: UserId, until: UnixMs },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rooms and their members. Who may do what is decided by the caller (`shared::rooms`), but for what
/// must hold whoever asks.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// # Errors
    /// `NameTaken` (public), `UnknownUser`, `Visitor`, `Full`; nothing is written then.
    async fn create(&self, new: NewRoom, max_members: u32, now: UnixMs) -> Result<Room, RoomsError>;

    /// The pair's one room, made on first use; the order of the two doesn't matter.
    ///
    /// # Errors
    /// `UnknownUser`; `Visitor`; `Blocked` when there is none yet and `other` blocks `one`, who asks.
    async fn direct(&self, one: UserId, other: UserId, now: UnixMs) -> Result<Room, RoomsError>;

    /// A room by id, or a public one by its name.
    async fn find(&self, room: &RoomRef) -> Result<Option<Room>, StoreError>;

    /// The room as `viewer` sees it, member or not.
    async fn summary(&self, room: RoomId, viewer: UserId) -> Result<Option<RoomSummary>, StoreError>;

    /// The room and the user's membership, in one statement.
    async fn membership(
        &self,
        room: &RoomRef,
        user: UserId,
    ) -> Result<Option<(Room, Option<Membership>)>, StoreError>;

    /// The rooms that `viewer` is in, or with `all` every room but others' direct ones; newest activity
    /// first.
    async fn list(&self, viewer: UserId, all: bool, page: Page) -> Result<Listing<RoomSummary>, StoreError>;

    /// # Errors
    /// `NotFound`, `NameTaken`.
    async fn update(&self, room: RoomId, patch: RoomPatch) -> Result<Room, RoomsError>;

    /// Removes the room with its members, messages and open outbox rows.
    ///
    /// # Errors
    /// `NotFound`.
    async fn delete(&self, room: RoomId) -> Result<(), RoomsError>;

    /// Joins a public room; a public name that doesn't exist is made, with the user as its owner. Who
    /// joins starts read. Joining again changes nothing.
    ///
    /// # Errors
    /// `NotFound` (an id), `Private`, `Full`, `Banned`.
    async fn join(
        &self,
        room: &RoomRef,
        user: UserId,
        max_members: u32,
        now: UnixMs,
    ) -> Result<Change, RoomsError>;

    /// Adds members with the role `Member`; those already in it are left out of the answer.
    ///
    /// # Errors
    /// `NotFound`, `UnknownUser`, `Visitor`, `FixedMembers`, `Full`, `Banned`; nobody is added then.
    async fn add_members(
        &self,
        room: RoomId,
        users: &[UserId],
        max_members: u32,
        now: UnixMs,
    ) -> Result<Change, RoomsError>;

    /// Takes one member out. When the last owner goes, the longest-standing admin, else member, becomes
    /// owner in the same commit.
    ///
    /// # Errors
    /// `NotFound`, `NotMember`, `FixedMembers`.
    async fn remove_member(&self, room: RoomId, user: UserId) -> Result<Change, RoomsError>;

    /// Gives a member a role; giving `Owner` makes the present owner an admin.
    ///
    /// # Errors
    /// `NotFound`, `NotMember`, `FixedMembers`.
    async fn set_role(&self, room: RoomId, user: UserId, role: MemberRole) -> Result<(), RoomsError>;

    /// Members by the order of joining.
    async fn members(&self, room: RoomId, page: Page) -> Result<Listing<Member>, StoreError>;

    /// Everyone in the room; None when it doesn't exist.
    async fn audience(&self, room: RoomId) -> Result<Option<Audience>, StoreError>;

    /// The rooms that a user is in.
    async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomId>, StoreError>;

    /// The pair's room, None while they have none.
    async fn pair(&self, one: UserId, other: UserId) -> Result<Option<Room>, StoreError>;

    /// Moves the user's mark forward to `seq` (at most the room's last one), never back; in one statement.
    ///
    /// # Errors
    /// `NotMember`.
    async fn mark_read(&self, room: RoomId, user: UserId, seq: Seq) -> Result<Reading, RoomsError>;

    /// How far the user has read, and whom that concerns when their mark was at `since`.
    ///
    /// # Errors
    /// `NotMember`.
    async fn reading(&self, room: RoomId, user: UserId, since: Seq) -> Result<Reading, RoomsError>;
}
