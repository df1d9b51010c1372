//! Customer service. What changes it runs the rules of [`shared::desk`] over [`Rows`], one transaction each.

mod reads;
mod rows;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::desk::{self, Terms};
use shared::ids::{NoteId, SessionId, UserId};
use shared::model::{ClosedBy, Listing, Note, Page, QueuePlace, Session, StaffMember, Status, Team, User};
use shared::ports::{
    Changes, Desk, DeskError, Destination, NewSession, SessionFilter, StaffPatch, StoreError,
};

use super::Sqlite;
use rows::Rows;

#[async_trait]
impl Desk for Sqlite {
    async fn open(&self, new: NewSession, terms: Terms) -> Result<(Session, Changes), DeskError> {
        self.transact(async |connection| desk::open(&mut Rows(connection), &new, terms).await).await
    }

    async fn transfer(
        &self,
        session: SessionId,
        to: Destination,
        by: UserId,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError> {
        self.transact(async |connection| desk::transfer(&mut Rows(connection), session, &to, by, terms).await)
            .await
    }

    async fn close(
        &self,
        session: SessionId,
        closed: ClosedBy,
        by: Option<UserId>,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError> {
        self.transact(async |connection| desk::close(&mut Rows(connection), session, closed, by, terms).await)
            .await
    }

    async fn close_idle(&self, since: UnixMs, limit: u32, terms: Terms) -> Result<Changes, DeskError> {
        self.transact(async |connection| desk::close_idle(&mut Rows(connection), since, limit, terms).await)
            .await
    }

    async fn rate(
        &self,
        session: SessionId,
        rating: u8,
        comment: &str,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError> {
        self.transact(async |connection| {
            desk::rate(&mut Rows(connection), session, rating, comment, terms).await
        })
        .await
    }

    async fn set_status(&self, staff: UserId, status: Status, terms: Terms) -> Result<Changes, DeskError> {
        self.transact(async |connection| desk::set_status(&mut Rows(connection), staff, status, terms).await)
            .await
    }

    async fn set_staff(&self, staff: UserId, patch: StaffPatch, terms: Terms) -> Result<Changes, DeskError> {
        self.transact(async |connection| desk::set_staff(&mut Rows(connection), staff, &patch, terms).await)
            .await
    }

    async fn return_sessions(
        &self,
        staff: Option<UserId>,
        since: UnixMs,
        terms: Terms,
    ) -> Result<Changes, DeskError> {
        self.transact(async |connection| {
            desk::return_sessions(&mut Rows(connection), staff, since, terms).await
        })
        .await
    }

    async fn dismiss(&self, staff: UserId, terms: Terms) -> Result<Changes, DeskError> {
        self.transact(async |connection| desk::dismiss(&mut Rows(connection), staff, terms).await).await
    }

    async fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(async |connection| reads::session(connection, session).await).await
    }

    async fn sessions(&self, filter: &SessionFilter, page: Page) -> Result<Listing<Session>, StoreError> {
        self.snapshot(async |connection| reads::sessions(connection, filter, page).await).await
    }

    async fn queue(
        &self,
        team: Option<&str>,
        max_sessions: u32,
        page: Page,
    ) -> Result<Listing<(Session, QueuePlace)>, StoreError> {
        self.snapshot(async |connection| reads::queue(connection, team, max_sessions, page).await).await
    }

    async fn place(&self, session: SessionId, max_sessions: u32) -> Result<Option<QueuePlace>, StoreError> {
        self.read(async |connection| reads::place(connection, session, max_sessions).await).await
    }

    async fn take_moved(
        &self,
        team: &str,
        first: i64,
        max_sessions: u32,
    ) -> Result<Vec<QueuePlace>, StoreError> {
        self.transact(async |connection| reads::take_moved(connection, team, first, max_sessions).await).await
    }

    async fn staff(
        &self,
        team: Option<&str>,
        max_sessions: u32,
        page: Page,
    ) -> Result<Listing<StaffMember>, StoreError> {
        self.snapshot(async |connection| reads::staff(connection, team, max_sessions, page).await).await
    }

    async fn staff_member(&self, user: UserId, max_sessions: u32) -> Result<Option<StaffMember>, StoreError> {
        self.read(async |connection| reads::staff_member(connection, user, max_sessions).await).await
    }

    async fn absent_staff(&self, since: UnixMs) -> Result<Vec<UserId>, StoreError> {
        self.read(async |connection| reads::absent_staff(connection, since).await).await
    }

    async fn team(&self, name: &str) -> Result<Team, StoreError> {
        self.read(async |connection| reads::team(connection, name).await).await
    }

    async fn teams(&self) -> Result<Vec<Team>, StoreError> {
        self.read(async |connection| reads::teams(connection).await).await
    }

    async fn set_team(&self, team: &Team) -> Result<(), StoreError> {
        self.transact(async |connection| reads::set_team(connection, team).await).await
    }

    async fn add_note(
        &self,
        session: SessionId,
        author: &User,
        content: &str,
        now: UnixMs,
    ) -> Result<NoteId, DeskError> {
        self.transact(async |connection| reads::add_note(connection, session, author, content, now).await)
            .await
    }

    async fn notes(&self, session: SessionId, page: Page) -> Result<Listing<Note>, StoreError> {
        self.snapshot(async |connection| reads::notes(connection, session, page).await).await
    }
}
