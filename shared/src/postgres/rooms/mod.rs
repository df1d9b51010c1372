//! Rooms and their members.
//!
//! Whoever changes the members of a room takes its row first (`for no key update`), then those of members,
//! then those of users, in the order of their ids; so two changes wait for each other and never deadlock.

mod admission;
mod banning;
mod locked;
mod making;
mod mark;
mod membership;
mod ownership;
mod rows;
mod views;

use async_trait::async_trait;

use super::Postgres;
use crate::clock::UnixMs;
use crate::ids::{RoomId, RoomRef, Seq, UserId};
use crate::model::{Listing, Member, MemberRole, Membership, Page, Room, RoomSummary};
use crate::ports::{Audience, Change, NewRoom, Reading, RoomPatch, Rooms, RoomsError, StoreError};

pub(super) use admission::{admit, known, newcomers};
pub(super) use banning::ban;
pub(super) use locked::{Locked, lock};
pub(super) use membership::{expel, leave_all};

#[async_trait]
impl Rooms for Postgres {
    async fn create(&self, new: NewRoom, max_members: u32, now: UnixMs) -> Result<Room, RoomsError> {
        self.transact(async |connection| making::create(connection, &new, max_members, now).await).await
    }

    async fn direct(&self, one: UserId, other: UserId, now: UnixMs) -> Result<Room, RoomsError> {
        if let Some(room) = self.run(async |connection| making::pair(connection, one, other).await).await? {
            return Ok(room);
        }
        self.transact(async |connection| making::direct(connection, one, other, now).await).await
    }

    async fn find(&self, room: &RoomRef) -> Result<Option<Room>, StoreError> {
        self.run(async |connection| views::find(connection, room).await).await
    }

    async fn summary(&self, room: RoomId, viewer: UserId) -> Result<Option<RoomSummary>, StoreError> {
        self.run(async |connection| views::summary(connection, room, viewer).await).await
    }

    async fn membership(
        &self,
        room: &RoomRef,
        user: UserId,
    ) -> Result<Option<(Room, Option<Membership>)>, StoreError> {
        self.run(async |connection| views::membership(connection, room, user).await).await
    }

    async fn list(&self, viewer: UserId, all: bool, page: Page) -> Result<Listing<RoomSummary>, StoreError> {
        self.run(async |connection| views::list(connection, viewer, all, page).await).await
    }

    async fn update(&self, room: RoomId, patch: RoomPatch) -> Result<Room, RoomsError> {
        self.run(async |connection| making::update(connection, room, &patch).await).await
    }

    async fn delete(&self, room: RoomId) -> Result<(), RoomsError> {
        self.run(async |connection| making::delete(connection, room).await).await
    }

    async fn join(
        &self,
        room: &RoomRef,
        user: UserId,
        max_members: u32,
        now: UnixMs,
    ) -> Result<Change, RoomsError> {
        self.transact(async |connection| membership::join(connection, room, user, max_members, now).await)
            .await
    }

    async fn add_members(
        &self,
        room: RoomId,
        users: &[UserId],
        max_members: u32,
        now: UnixMs,
    ) -> Result<Change, RoomsError> {
        self.transact(async |connection| membership::add(connection, room, users, max_members, now).await)
            .await
    }

    async fn remove_member(&self, room: RoomId, user: UserId) -> Result<Change, RoomsError> {
        self.transact(async |connection| membership::remove(connection, room, user).await).await
    }

    async fn set_role(&self, room: RoomId, user: UserId, role: MemberRole) -> Result<(), RoomsError> {
        self.transact(async |connection| ownership::set_role(connection, room, user, role).await).await
    }

    async fn members(&self, room: RoomId, page: Page) -> Result<Listing<Member>, StoreError> {
        self.run(async |connection| views::members(connection, room, page).await).await
    }

    async fn audience(&self, room: RoomId) -> Result<Option<Audience>, StoreError> {
        self.run(async |connection| views::audience(connection, room).await).await
    }

    async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomId>, StoreError> {
        self.run(async |connection| views::rooms_of(connection, user).await).await
    }

    async fn pair(&self, one: UserId, other: UserId) -> Result<Option<Room>, StoreError> {
        self.run(async |connection| making::pair(connection, one, other).await).await
    }

    async fn mark_read(&self, room: RoomId, user: UserId, seq: Seq) -> Result<Reading, RoomsError> {
        self.run(async |connection| mark::mark_read(connection, room, user, seq).await).await
    }

    async fn reading(&self, room: RoomId, user: UserId, since: Seq) -> Result<Reading, RoomsError> {
        self.run(async |connection| mark::reading(connection, room, user, since).await).await
    }
}
