use shared::model::{Session, SessionState};
use shared::ports::{SessionChanged, SessionStep};
use shared::telemetry::Metric;

/// Counts who came into a queue and who was given to somebody, and how long they had waited.
pub(crate) fn note(steps: &[SessionChanged]) {
    for SessionChanged { step, session, .. } in steps {
        match (step, session.state) {
            (SessionStep::Closed | SessionStep::Rated, _) | (_, SessionState::Closed) => {}
            (_, SessionState::Queued) => Metric::SessionsQueued.add(1),
            (_, SessionState::Active) => assigned(session),
        }
    }
}

/// A session waits once: whoever gets it later takes it from somebody, or as one that was served before.
fn assigned(session: &Session) {
    Metric::SessionsAssigned.add(1);
    if let Some(first) =
        session.first_assigned_at.filter(|_| session.first_assigned_at == session.assigned_at)
    {
        Metric::SessionWait.record((first.0 - session.opened_at.0).max(0) as f64 / 1000.0);
    }
}
