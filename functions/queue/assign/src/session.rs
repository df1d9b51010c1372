use std::collections::BTreeMap;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::members::system_frame;
use shared::frames::{Assignment, Outgoing, ServerFrame, SystemEvent};
use shared::ids::{SessionId, UserId};
use shared::model::{ClosedBy, Session};
use shared::ports::{SessionChanged, SessionStep};

use crate::post::{self, Reachable};

/// Sessions as they stand now.
pub(crate) type Current = BTreeMap<SessionId, Session>;

/// Each that something happened to; those that are gone are left out.
pub(crate) async fn current(app: &App, changes: &[SessionChanged]) -> Result<Current, Error> {
    let mut current = Current::new();
    for SessionChanged { session, .. } in changes {
        if !current.contains_key(&session.id) {
            current.extend(app.desk.session(session.id).await?.map(|session| (session.id, session)));
        }
    }
    Ok(current)
}

/// Tells presence who is in the rooms now, and those concerned how their sessions stand.
pub(crate) async fn tell(app: &App, changes: &[SessionChanged], current: &Current) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    for changed in changes {
        note_members(app, changed).await;
    }
    let concerned: Vec<Vec<UserId>> = changes.iter().map(|changed| concerned(changed, current)).collect();
    let reachable = Reachable::of(app, concerned.iter().flatten().copied()).await?;
    for (changed, users) in changes.iter().zip(concerned) {
        let Some(session) = current.get(&changed.session.id) else { continue };
        let listeners = reachable.listeners(&users);
        for frame in frames(app, changed.step, session) {
            post::post(app, session.room_id, listeners.clone(), &frame).await?;
        }
    }
    Ok(())
}

/// The visitor, and whoever has it, had it before, or got it in between.
fn concerned(changed: &SessionChanged, current: &Current) -> Vec<UserId> {
    let now = current.get(&changed.session.id);
    let staff = [now.and_then(staff_of), changed.before, staff_of(&changed.session)];
    let mut users: Vec<UserId> = staff.into_iter().flatten().chain([changed.session.visitor.id]).collect();
    users.sort_unstable();
    users.dedup();
    users
}

fn staff_of(session: &Session) -> Option<UserId> {
    session.staff.as_ref().map(|staff| staff.id)
}

fn frames(app: &App, step: SessionStep, session: &Session) -> Vec<Outgoing> {
    let mut frames = vec![Outgoing::new(&ServerFrame::Assignment(Assignment::of(session, step)))];
    if step == SessionStep::Closed {
        let by = session.closed_by.unwrap_or(ClosedBy::System);
        let (session_id, room_id) = (session.id, session.room_id);
        frames.push(system_frame(app, SystemEvent::SessionClosed { session_id, room_id, by }));
    }
    frames
}

/// As the step left them, with its version: a list that missed one in between is rebuilt by its next reader.
async fn note_members(app: &App, changed: &SessionChanged) {
    let SessionChanged { session, step, before, members_version, .. } = changed;
    let staff = staff_of(session).filter(|_| *before != staff_of(session));
    let (came, went) = match step {
        SessionStep::Closed | SessionStep::Rated => return,
        SessionStep::Opened => (Some(session.visitor.id), None),
        _ => (staff, before.filter(|before| Some(*before) != staff_of(session))),
    };
    let (came, went): (Vec<_>, Vec<_>) = (came.into_iter().collect(), went.into_iter().collect());
    let noted = app.presence.members_changed(session.room_id, &came, &went, *members_version).await;
    if let Err(error) = noted {
        tracing::warn!(%error, session = %session.id, "members changed without presence");
    }
}
