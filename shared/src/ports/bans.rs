use async_trait::async_trait;

use super::{AccountsError, Change, RoomsError, StoreError};
use crate::clock::UnixMs;
use crate::ids::{RoomId, UserId};

/// Who is kept out, until when and by whom. Replaces what was in force before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBan {
    pub user: UserId,
    pub until: UnixMs,
    /// For people to read.
    pub reason: String,
    pub by: UserId,
    pub now: UnixMs,
}

/// Keeping users out, of everything or of one room. A ban in force is read by `Accounts` (from
/// everything), by `Rooms` when somebody comes in, and by `Messages::append`.
#[async_trait]
pub trait Bans: Send + Sync {
    /// Bans from everything and revokes every token in the same commit.
    ///
    /// # Errors
    /// `NotFound`.
    async fn ban(&self, ban: &NewBan) -> Result<(), AccountsError>;

    /// Ends a ban from everything; answers whether there was one.
    async fn lift(&self, user: UserId, now: UnixMs) -> Result<bool, StoreError>;

    /// Bans from a room, and takes the user out of it in the same commit. `users` of the answer is empty
    /// when they weren't in it.
    ///
    /// # Errors
    /// `NotFound`, `UnknownUser`, `FixedMembers`.
    async fn ban_from_room(&self, room: RoomId, ban: &NewBan) -> Result<Change, RoomsError>;

    /// Ends a ban from a room; answers whether there was one.
    async fn lift_from_room(&self, room: RoomId, user: UserId, now: UnixMs) -> Result<bool, StoreError>;
}
