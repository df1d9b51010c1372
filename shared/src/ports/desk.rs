use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMs;
use crate::desk::Terms;
use crate::ids::{NoteId, SessionId, UserId};
use crate::model::{
    ClosedBy, Listing, Note, Page, QueuePlace, Session, SessionState, StaffMember, Status, Team, User,
};
use crate::ports::{SessionChanged, StaffChanged};

/// A session that is to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub visitor: UserId,
    /// Empty: the one desk.
    pub team: String,
    pub subject: String,
    pub out_of_hours: bool,
}

/// Where a session goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To this one, who has to be online and have a place free.
    Person(UserId),
    /// To the queue of a team: with the place that its first opening gives it.
    Team(String),
    /// Back to the queue that it came from.
    Queue,
}

/// None leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct StaffPatch {
    pub team: Option<String>,
    /// `Some(None)`: the configured number.
    pub max_sessions: Option<Option<u32>>,
}

/// What a change did to sessions and staff, in order, each with its open outbox row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    pub sessions: Vec<SessionChanged>,
    pub staff: Vec<StaffChanged>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("no such session")]
    NotFound,
    #[error("the session is closed")]
    Closed,
    #[error("the session isn't closed yet")]
    Open,
    #[error("the session was rated")]
    Rated,
    /// Isn't staff, or isn't online.
    #[error("user {0} doesn't serve now")]
    NotServing(UserId),
    #[error("user {user} has {most} sessions, which is as many as may be")]
    Full { user: UserId, most: u32 },
    #[error("no user {0}")]
    UnknownUser(UserId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    pub state: Option<SessionState>,
    pub team: Option<String>,
    pub staff: Option<UserId>,
    pub visitor: Option<UserId>,
}

/// Customer service: sessions, their queue and those who serve.
///
/// Whatever changes one of them holds the desk until its commit, and matches before it: so no place is given
/// away twice and nobody waits while one is free. The rules are written once, in `shared::desk`; an adapter
/// gives them the rows.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Opens a session in a room of its own and matches it. Whoever has one open gets that one, unchanged.
    ///
    /// # Errors
    /// `UnknownUser`.
    async fn open(&self, new: NewSession, terms: Terms) -> Result<(Session, Changes), DeskError>;

    /// # Errors
    /// `NotFound`, `Closed`, `NotServing`, `Full`; nothing is changed then.
    async fn transfer(
        &self,
        session: SessionId,
        to: Destination,
        by: UserId,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError>;

    /// Ends a session and gives its place to the next. Closing again changes nothing.
    ///
    /// # Errors
    /// `NotFound`.
    async fn close(
        &self,
        session: SessionId,
        closed: ClosedBy,
        by: Option<UserId>,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError>;

    /// Closes up to `limit` sessions in which nothing was said since a moment; those that nobody serves wait on.
    async fn close_idle(&self, since: UnixMs, limit: u32, terms: Terms) -> Result<Changes, DeskError>;

    /// Keeps what the visitor thought of it, once.
    ///
    /// # Errors
    /// `NotFound`, `Open`, `Rated`.
    async fn rate(
        &self,
        session: SessionId,
        rating: u8,
        comment: &str,
        terms: Terms,
    ) -> Result<(Session, Changes), DeskError>;

    /// Sets how a staff member stands, whom it makes one; online, they get what waits.
    ///
    /// # Errors
    /// `UnknownUser`.
    async fn set_status(&self, staff: UserId, status: Status, terms: Terms) -> Result<Changes, DeskError>;

    /// Sets team and limit of a staff member, whom it makes one. What they have in hand stays theirs.
    ///
    /// # Errors
    /// `UnknownUser`.
    async fn set_staff(&self, staff: UserId, patch: StaffPatch, terms: Terms) -> Result<Changes, DeskError>;

    /// Sends the sessions of staff who went offline at `since` or before, or are none any more, to the head of
    /// the queue: of one, or of all.
    async fn return_sessions(
        &self,
        staff: Option<UserId>,
        since: UnixMs,
        terms: Terms,
    ) -> Result<Changes, DeskError>;

    /// Takes somebody out of service for good: offline, their sessions go back at once, and they are no staff
    /// member any more. Nothing for those who were none.
    async fn dismiss(&self, staff: UserId, terms: Terms) -> Result<Changes, DeskError>;

    async fn session(&self, session: SessionId) -> Result<Option<Session>, StoreError>;

    /// Newest opening first.
    async fn sessions(&self, filter: &SessionFilter, page: Page) -> Result<Listing<Session>, StoreError>;

    /// A page of a team's queue, its head first; None: of every team, one after the other. `max_sessions` holds
    /// for staff without a number of their own, here and below.
    async fn queue(
        &self,
        team: Option<&str>,
        max_sessions: u32,
        page: Page,
    ) -> Result<Listing<(Session, QueuePlace)>, StoreError>;

    /// None when it doesn't wait.
    async fn place(&self, session: SessionId, max_sessions: u32) -> Result<Option<QueuePlace>, StoreError>;

    /// The places of a team's queue that moved since they were last asked for, of the first `first` alone; in
    /// one statement, so that each move is told by one.
    async fn take_moved(
        &self,
        team: &str,
        first: i64,
        max_sessions: u32,
    ) -> Result<Vec<QueuePlace>, StoreError>;

    /// By team and name.
    async fn staff(
        &self,
        team: Option<&str>,
        max_sessions: u32,
        page: Page,
    ) -> Result<Listing<StaffMember>, StoreError>;

    /// None when the user is no staff member.
    async fn staff_member(&self, user: UserId, max_sessions: u32) -> Result<Option<StaffMember>, StoreError>;

    /// Staff who count as there and have had no connection open since a moment.
    async fn absent_staff(&self, since: UnixMs) -> Result<Vec<UserId>, StoreError>;

    /// The team's settings; the defaults for one that nobody set up.
    async fn team(&self, name: &str) -> Result<Team, StoreError>;

    async fn teams(&self) -> Result<Vec<Team>, StoreError>;

    async fn set_team(&self, team: &Team) -> Result<(), StoreError>;

    /// # Errors
    /// `NotFound`.
    async fn add_note(
        &self,
        session: SessionId,
        author: &User,
        content: &str,
        now: UnixMs,
    ) -> Result<NoteId, DeskError>;

    /// Oldest first.
    async fn notes(&self, session: SessionId, page: Page) -> Result<Listing<Note>, StoreError>;
}
