//! Customer service: what an event that got lost would have done.

use std::collections::HashSet;
use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::status;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{Page, Status};
use shared::ports::SessionStep;
use shared::support::announce;
use shared::support::serving;

/// Sessions closed in one step: each step holds the desk.
const CLOSED_AT_ONCE: u32 = 100;
/// Steps of one run; what is left waits for the next minute.
const STEPS_MAX: u32 = 20;
/// Staff read at once.
const STAFF_A_PAGE: u32 = 100;

/// Marks staff as offline who have no connection; answers how many.
pub(crate) async fn mark_absent(app: &App) -> Result<usize, Error> {
    let absent = app.desk.absent_staff(before(app, app.config.sockets.offline_grace.duration())).await?;
    for &staff in &absent {
        serving::stand(app, staff, Status::Offline).await?;
    }
    status::changed(app, &absent).await;
    Ok(absent.len())
}

/// Has those looked at who are offline and have a connection: they may have come while the bus was away.
/// Answers how many.
pub(crate) async fn look_at_present(app: &App) -> Result<usize, Error> {
    let mut looked_at = 0;
    for number in 1.. {
        let page = Page { number, size: STAFF_A_PAGE };
        let staff = app.desk.staff(None, app.config.support.staff_max_sessions, page).await?;
        let found = staff.items.len();
        let offline = staff.items.into_iter().filter(|member| member.status == Status::Offline);
        let offline: Vec<UserId> = offline.map(|member| member.user.id).collect();
        let connections = app.connection_log.of_users(&offline).await?;
        let here: HashSet<UserId> = connections.into_iter().map(|listener| listener.user).collect();
        let here: Vec<UserId> = here.into_iter().collect();
        status::changed(app, &here).await;
        looked_at += here.len();
        if found < STAFF_A_PAGE as usize {
            break;
        }
    }
    Ok(looked_at)
}

/// Sends the sessions of those back to the queue who have been offline for the grace; answers how many.
pub(crate) async fn return_sessions(app: &App) -> Result<usize, Error> {
    let since = before(app, app.config.support.staff_offline_grace.duration());
    let terms = app.config.support.terms(app.clock.now());
    let changes = app.desk.return_sessions(None, since, terms).await?;
    let changed = changes.sessions.len();
    announce(app, changes).await;
    Ok(changed)
}

/// Closes sessions in which nothing was said for long; answers how many.
pub(crate) async fn close_idle(app: &App) -> Result<usize, Error> {
    let Some(idle) = app.config.support.session_idle else { return Ok(0) };
    let mut closed = 0;
    for _ in 0..STEPS_MAX {
        let terms = app.config.support.terms(app.clock.now());
        let changes = app.desk.close_idle(before(app, idle), CLOSED_AT_ONCE, terms).await?;
        let step = changes.sessions.iter().filter(|changed| changed.step == SessionStep::Closed).count();
        announce(app, changes).await;
        closed += step;
        if step < CLOSED_AT_ONCE as usize {
            break;
        }
    }
    Ok(closed)
}

fn before(app: &App, span: Duration) -> UnixMs {
    app.clock.now().plus(-i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}
