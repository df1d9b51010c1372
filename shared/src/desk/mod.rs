//! The rules of customer service, written once for every engine: each function is one transaction, holds the
//! desk from its first statement to its commit, and matches before it ends. So at every commit, whoever waits
//! has nobody free in their team, nobody has more than they may, and the queue goes by the first opening.

mod ledger;
mod rows;

use crate::clock::UnixMs;
use crate::ids::{SessionId, UserId};
use crate::model::{ClosedBy, Session, SessionState, Status};
use crate::ports::{Changes, DeskError, Destination, NewSession, SessionStep, StaffPatch};
use ledger::Ledger;
pub use rows::{DeskRows, Step};

/// When something is done, and how many sessions staff may have who have no number of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub now: UnixMs,
    pub max_sessions: u32,
}

/// As [`crate::ports::Desk::open`].
///
/// # Errors
/// `UnknownUser`.
pub async fn open(
    rows: &mut dyn DeskRows,
    new: &NewSession,
    terms: Terms,
) -> Result<(Session, Changes), DeskError> {
    rows.hold().await?;
    if let Some(session) = rows.open_session(new.visitor).await? {
        return Ok((session, Changes::default()));
    }
    let mut ledger = Ledger::new(rows, terms);
    let id = ledger.rows.insert(new, terms.now).await?;
    ledger.step(id, SessionStep::Opened, None, Some(new.visitor), &[&new.team]).await?;
    if let Some(staff) = ledger.familiar(new).await? {
        ledger.give(id, SessionStep::Assigned, staff, None, None).await?;
    }
    ledger.finish_with(id).await
}

/// As [`crate::ports::Desk::transfer`].
///
/// # Errors
/// `NotFound`, `Closed`, `NotServing`, `Full`.
pub async fn transfer(
    rows: &mut dyn DeskRows,
    id: SessionId,
    to: &Destination,
    by: UserId,
    terms: Terms,
) -> Result<(Session, Changes), DeskError> {
    rows.hold().await?;
    let mut ledger = Ledger::new(rows, terms);
    let session = ledger.unfinished(id).await?;
    match to {
        Destination::Person(staff) => hand_over(&mut ledger, &session, *staff, by).await?,
        Destination::Team(team) => ledger.requeue(&session, SessionStep::Transferred, team, Some(by)).await?,
        Destination::Queue => {
            ledger.requeue(&session, SessionStep::Transferred, &session.team, Some(by)).await?;
        }
    }
    ledger.finish_with(id).await
}

async fn hand_over(
    ledger: &mut Ledger<'_>,
    session: &Session,
    staff: UserId,
    by: UserId,
) -> Result<(), DeskError> {
    let before = session.staff.as_ref().filter(|_| session.state == SessionState::Active);
    let before = before.map(|user| user.id);
    if before == Some(staff) {
        return Ok(());
    }
    ledger.check_place(staff).await?;
    ledger.give(session.id, SessionStep::Transferred, staff, before, Some(by)).await
}

/// As [`crate::ports::Desk::close`].
///
/// # Errors
/// `NotFound`.
pub async fn close(
    rows: &mut dyn DeskRows,
    id: SessionId,
    closed: ClosedBy,
    by: Option<UserId>,
    terms: Terms,
) -> Result<(Session, Changes), DeskError> {
    rows.hold().await?;
    let mut ledger = Ledger::new(rows, terms);
    match ledger.unfinished(id).await {
        Ok(session) => ledger.end(&session, closed, by).await?,
        Err(DeskError::Closed) => {}
        Err(error) => return Err(error),
    }
    ledger.finish_with(id).await
}

/// As [`crate::ports::Desk::close_idle`].
///
/// # Errors
/// When the store is away.
pub async fn close_idle(
    rows: &mut dyn DeskRows,
    since: UnixMs,
    limit: u32,
    terms: Terms,
) -> Result<Changes, DeskError> {
    rows.hold().await?;
    let mut ledger = Ledger::new(rows, terms);
    for id in ledger.rows.idle_sessions(since, limit).await? {
        let session = ledger.unfinished(id).await?;
        ledger.end(&session, ClosedBy::Idle, None).await?;
    }
    ledger.finish().await
}

/// As [`crate::ports::Desk::rate`].
///
/// # Errors
/// `NotFound`, `Open`, `Rated`.
pub async fn rate(
    rows: &mut dyn DeskRows,
    id: SessionId,
    rating: u8,
    comment: &str,
    terms: Terms,
) -> Result<(Session, Changes), DeskError> {
    rows.hold().await?;
    let session = rows.session(id).await?.ok_or(DeskError::NotFound)?;
    if session.state != SessionState::Closed {
        return Err(DeskError::Open);
    }
    if session.rating.is_some() {
        return Err(DeskError::Rated);
    }
    rows.rate(id, rating, comment, terms.now).await?;
    let mut ledger = Ledger::new(rows, terms);
    let staff = session.staff.as_ref().map(|user| user.id);
    ledger.step(id, SessionStep::Rated, staff, Some(session.visitor.id), &[]).await?;
    ledger.finish_with(id).await
}

/// As [`crate::ports::Desk::set_status`].
///
/// # Errors
/// `UnknownUser`.
pub async fn set_status(
    rows: &mut dyn DeskRows,
    staff: UserId,
    status: Status,
    terms: Terms,
) -> Result<Changes, DeskError> {
    rows.hold().await?;
    rows.hire(staff, terms.now).await?;
    let before = rows.member(staff, terms.max_sessions).await?;
    let mut ledger = Ledger::new(rows, terms);
    if before.is_some_and(|member| member.status != status) {
        ledger.rows.set_status(staff, status, terms.now).await?;
        ledger.staff_changed(staff).await?;
    }
    ledger.finish().await
}

/// As [`crate::ports::Desk::set_staff`].
///
/// # Errors
/// `UnknownUser`.
pub async fn set_staff(
    rows: &mut dyn DeskRows,
    staff: UserId,
    patch: &StaffPatch,
    terms: Terms,
) -> Result<Changes, DeskError> {
    rows.hold().await?;
    rows.hire(staff, terms.now).await?;
    rows.patch(staff, patch).await?;
    let mut ledger = Ledger::new(rows, terms);
    ledger.staff_changed(staff).await?;
    ledger.finish().await
}

/// As [`crate::ports::Desk::return_sessions`].
///
/// # Errors
/// When the store is away.
pub async fn return_sessions(
    rows: &mut dyn DeskRows,
    staff: Option<UserId>,
    since: UnixMs,
    terms: Terms,
) -> Result<Changes, DeskError> {
    rows.hold().await?;
    let mut ledger = Ledger::new(rows, terms);
    for staff in ledger.rows.overdue_staff(staff, since).await? {
        ledger.take_back(staff).await?;
    }
    ledger.finish().await
}

/// As [`crate::ports::Desk::dismiss`].
///
/// # Errors
/// When the store is away.
pub async fn dismiss(rows: &mut dyn DeskRows, staff: UserId, terms: Terms) -> Result<Changes, DeskError> {
    rows.hold().await?;
    let member = rows.member(staff, terms.max_sessions).await?;
    let mut ledger = Ledger::new(rows, terms);
    if member.is_some() {
        ledger.rows.set_status(staff, Status::Offline, terms.now).await?;
    }
    // Whoever was anonymised is no staff member any more, and may have had some.
    ledger.take_back(staff).await?;
    if member.is_some() {
        ledger.staff_changed(staff).await?;
        ledger.rows.release(staff).await?;
    }
    ledger.finish().await
}
