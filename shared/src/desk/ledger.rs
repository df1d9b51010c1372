use serde_json::Value;

use super::{DeskRows, Step, Terms};
use crate::ids::{OutboxId, SessionId, UserId};
use crate::model::{ClosedBy, Session, SessionState, StaffMember, Status};
use crate::ports::{
    Changes, DeskError, Event, NewSession, QUEUE_ASSIGNMENTS, QUEUE_STAFF_STATUS, SessionChanged,
    SessionStep, StaffChanged, StoreError,
};

/// One transaction at the desk: every step that is taken is logged, announced and remembered.
pub(super) struct Ledger<'a> {
    pub(super) rows: &'a mut dyn DeskRows,
    terms: Terms,
    changes: Changes,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(rows: &'a mut dyn DeskRows, terms: Terms) -> Self {
        Self { rows, terms, changes: Changes::default() }
    }

    /// # Errors
    /// `NotFound`, `Closed`.
    pub(super) async fn unfinished(&mut self, id: SessionId) -> Result<Session, DeskError> {
        let session = self.rows.session(id).await?.ok_or(DeskError::NotFound)?;
        if session.state == SessionState::Closed { Err(DeskError::Closed) } else { Ok(session) }
    }

    /// Whoever served this visitor last, if they could serve them now.
    pub(super) async fn familiar(&mut self, new: &NewSession) -> Result<Option<UserId>, StoreError> {
        let Some(staff) = self.rows.last_staff(new.visitor).await? else { return Ok(None) };
        let member = self.rows.member(staff, self.terms.max_sessions).await?;
        let free = |member: &StaffMember| member.team == new.team && has_place(member);
        Ok(member.filter(free).map(|member| member.user.id))
    }

    /// # Errors
    /// `NotServing`, `Full`.
    pub(super) async fn check_place(&mut self, staff: UserId) -> Result<(), DeskError> {
        let member = self.rows.member(staff, self.terms.max_sessions).await?;
        match member.filter(|member| member.status == Status::Online) {
            None => Err(DeskError::NotServing(staff)),
            Some(member) if has_place(&member) => Ok(()),
            Some(member) => Err(DeskError::Full { user: staff, most: member.max_sessions }),
        }
    }

    /// Gives a session to somebody, out of the hands of `before` or out of the queue.
    pub(super) async fn give(
        &mut self,
        id: SessionId,
        step: SessionStep,
        staff: UserId,
        before: Option<UserId>,
        by: Option<UserId>,
    ) -> Result<(), DeskError> {
        let team = self.unfinished(id).await?.team;
        self.rows.give(id, staff, self.terms.now).await?;
        if let Some(before) = before {
            self.rows.freed(before, self.terms.now).await?;
        }
        let moved = if before.is_none() { vec![team.as_str()] } else { Vec::new() };
        self.step(id, step, before, by, &moved).await
    }

    /// Takes a session from whoever has it and makes it wait in a team's queue.
    pub(super) async fn requeue(
        &mut self,
        session: &Session,
        step: SessionStep,
        team: &str,
        by: Option<UserId>,
    ) -> Result<(), DeskError> {
        let before = match session.state {
            SessionState::Queued if session.team == team => return Ok(()),
            SessionState::Queued => None,
            _ => session.staff.as_ref().map(|user| user.id),
        };
        self.rows.enqueue(session.id, team).await?;
        if let Some(before) = before {
            self.rows.freed(before, self.terms.now).await?;
        }
        let mut moved = vec![team];
        if session.state == SessionState::Queued {
            moved.push(&session.team);
        }
        self.step(session.id, step, before, by, &moved).await
    }

    pub(super) async fn end(
        &mut self,
        session: &Session,
        closed: ClosedBy,
        by: Option<UserId>,
    ) -> Result<(), DeskError> {
        self.rows.end(session.id, closed, self.terms.now).await?;
        let queued = session.state == SessionState::Queued;
        let staff = session.staff.as_ref().map(|user| user.id);
        if let Some(staff) = staff {
            self.rows.freed(staff, self.terms.now).await?;
        }
        let moved = if queued { vec![session.team.as_str()] } else { Vec::new() };
        self.step(session.id, SessionStep::Closed, staff, by, &moved).await
    }

    /// Sends all that somebody has back to the queue, each to the place that its first opening gives it.
    pub(super) async fn take_back(&mut self, staff: UserId) -> Result<(), DeskError> {
        for id in self.rows.sessions_of(staff).await? {
            let session = self.unfinished(id).await?;
            self.requeue(&session, SessionStep::Returned, &session.team, None).await?;
        }
        Ok(())
    }

    /// Logs and announces a step, as the session stands now.
    pub(super) async fn step(
        &mut self,
        id: SessionId,
        step: SessionStep,
        before: Option<UserId>,
        by: Option<UserId>,
        moved: &[&str],
    ) -> Result<(), DeskError> {
        let session = self.rows.session(id).await?.ok_or(DeskError::NotFound)?;
        let staff = session.staff.as_ref().map(|user| user.id);
        // At its end nobody goes: those who were in it may still read it.
        let (came, went) = (staff.filter(|_| staff != before), before.filter(|_| staff != before));
        let at = self.terms.now;
        let members_version = self.rows.seat(id, came, went, at).await?;
        let event = self.rows.log(&Step { session: id, step, before, staff, by, at }).await?;
        let queues = moved.iter().map(|team| (*team).to_owned()).collect();
        let outbox = OutboxId(0);
        let mut changed =
            SessionChanged { event, outbox, step, session, before, by, members_version, queues, at };
        let payload = payload(&Event::SessionChanged(Box::new(changed.clone())))?;
        changed.outbox = self.rows.announce(QUEUE_ASSIGNMENTS, &payload, at).await?;
        self.changes.sessions.push(changed);
        Ok(())
    }

    pub(super) async fn staff_changed(&mut self, staff: UserId) -> Result<(), DeskError> {
        let member = self.rows.member(staff, self.terms.max_sessions).await?;
        let member = member.ok_or(DeskError::UnknownUser(staff))?;
        let mut changed = StaffChanged { outbox: OutboxId(0), member, at: self.terms.now };
        let payload = payload(&Event::StaffChanged(changed.clone()))?;
        changed.outbox = self.rows.announce(QUEUE_STAFF_STATUS, &payload, self.terms.now).await?;
        self.changes.staff.push(changed);
        Ok(())
    }

    /// Matches, as the last thing before the commit.
    pub(super) async fn finish(mut self) -> Result<Changes, DeskError> {
        self.match_waiting().await?;
        Ok(self.changes)
    }

    /// The same, with the session as it then stands.
    pub(super) async fn finish_with(mut self, id: SessionId) -> Result<(Session, Changes), DeskError> {
        self.match_waiting().await?;
        let session = self.rows.session(id).await?.ok_or(DeskError::NotFound)?;
        Ok((session, self.changes))
    }

    async fn match_waiting(&mut self) -> Result<(), DeskError> {
        for (id, _) in self.rows.pair(self.terms.max_sessions, self.terms.now).await? {
            let team = self.unfinished(id).await?.team;
            self.step(id, SessionStep::Assigned, None, None, &[&team]).await?;
        }
        Ok(())
    }
}

fn has_place(member: &StaffMember) -> bool {
    member.status == Status::Online && member.sessions < i64::from(member.max_sessions)
}

fn payload(event: &Event) -> Result<Value, StoreError> {
    serde_json::to_value(event).map_err(|error| StoreError::Internal(error.to_string()))
}
