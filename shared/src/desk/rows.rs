use async_trait::async_trait;

use crate::clock::UnixMs;
use crate::ids::{OutboxId, SessionId, UserId};
use crate::model::{ClosedBy, Session, StaffMember, Status};
use crate::ports::{DeskError, NewSession, SessionStep, StaffPatch, StoreError};

/// What the log is told of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub session: SessionId,
    pub step: SessionStep,
    /// Who had it, and who has it now.
    pub before: Option<UserId>,
    pub staff: Option<UserId>,
    pub by: Option<UserId>,
    pub at: UnixMs,
}

/// The rows of customer service within one transaction: single statements without rules, which are in
/// [`super`]. An adapter lends its open transaction for it.
#[async_trait]
pub trait DeskRows: Send {
    /// Takes the desk until the commit. Before anything is read.
    async fn hold(&mut self) -> Result<(), StoreError>;

    async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;
    /// The one session of a visitor that isn't closed.
    async fn open_session(&mut self, visitor: UserId) -> Result<Option<Session>, StoreError>;
    /// Active, nothing said in their room since a moment; oldest first.
    async fn idle_sessions(&mut self, since: UnixMs, limit: u32) -> Result<Vec<SessionId>, StoreError>;
    /// Active ones of a staff member.
    async fn sessions_of(&mut self, staff: UserId) -> Result<Vec<SessionId>, StoreError>;
    /// Those who have active ones and were offline at `since` or before, or are no staff members any more; of
    /// one, or of all.
    async fn overdue_staff(
        &mut self,
        staff: Option<UserId>,
        since: UnixMs,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Makes the room with the visitor in it, and the session, queued.
    ///
    /// # Errors
    /// `UnknownUser`.
    async fn insert(&mut self, new: &NewSession, now: UnixMs) -> Result<SessionId, DeskError>;

    /// Matches what waits with the places that are free, in one statement: makes the sessions active, notes who
    /// has them and when, and answers the pairs by the order of the queue. `max_sessions` holds for staff
    /// without a number of their own.
    async fn pair(&mut self, max_sessions: u32, now: UnixMs) -> Result<Vec<(SessionId, UserId)>, StoreError>;
    /// The same for one that is given to somebody.
    async fn give(&mut self, session: SessionId, staff: UserId, now: UnixMs) -> Result<(), StoreError>;
    /// Makes a session wait in a team's queue; nobody has it.
    async fn enqueue(&mut self, session: SessionId, team: &str) -> Result<(), StoreError>;
    /// Ends it, and its room with it.
    async fn end(&mut self, session: SessionId, closed: ClosedBy, now: UnixMs) -> Result<(), StoreError>;
    async fn rate(
        &mut self,
        session: SessionId,
        rating: u8,
        comment: &str,
        now: UnixMs,
    ) -> Result<(), StoreError>;

    /// Puts a staff member into the session's room, whom no ban keeps out of it, or takes them out; answers its
    /// `members_version` after.
    async fn seat(
        &mut self,
        session: SessionId,
        came: Option<UserId>,
        went: Option<UserId>,
        now: UnixMs,
    ) -> Result<i64, StoreError>;

    /// None when the user is no staff member.
    async fn member(&mut self, user: UserId, max_sessions: u32) -> Result<Option<StaffMember>, StoreError>;
    /// Makes the user a staff member, offline, if they aren't one.
    ///
    /// # Errors
    /// `UnknownUser`.
    async fn hire(&mut self, user: UserId, now: UnixMs) -> Result<(), DeskError>;
    /// Makes them a staff member no more; when they were there stays known.
    async fn release(&mut self, user: UserId) -> Result<(), StoreError>;
    /// Sets the status, and opens or ends the span that counts as being there.
    async fn set_status(&mut self, user: UserId, status: Status, now: UnixMs) -> Result<(), StoreError>;
    async fn patch(&mut self, user: UserId, patch: &StaffPatch) -> Result<(), StoreError>;
    /// The staff member whose place a session freed is idle from now on.
    async fn freed(&mut self, staff: UserId, now: UnixMs) -> Result<(), StoreError>;
    /// Who served the visitor last, whether or not they are there.
    async fn last_staff(&mut self, visitor: UserId) -> Result<Option<UserId>, StoreError>;

    /// Writes a step into the log; answers its id.
    async fn log(&mut self, step: &Step) -> Result<i64, StoreError>;
    /// Opens an outbox row for an event, as JSON.
    async fn announce(
        &mut self,
        topic: &str,
        event: &serde_json::Value,
        now: UnixMs,
    ) -> Result<OutboxId, StoreError>;
}
