use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::identity::{Caller, Permission};
use shared::ports::{DeskNow, OnlineCount, Tally};

use crate::figures::{rounded, seconds_each};
use crate::{cached, online};

const HOUR_MS: i64 = 3_600_000;

/// As the documents' sample; what presence would have to know is null while it is away.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Realtime {
    online_users: Option<i64>,
    online_staff: i64,
    active_sessions: i64,
    queued_visitors: i64,
    /// Seconds, of those whose waiting ended in this hour or the one before; 0 when nobody's did.
    average_wait_time: f64,
    system_load: Option<f64>,
}

/// `GET /api/chatstatistics/realtime`: how things stand, five seconds ago at most.
///
/// # Errors
/// `forbidden` without `statistics.view`.
pub(crate) async fn realtime(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Error> {
    caller.require(Permission::StatisticsView)?;
    cached::answer(&app, "realtime", cached::REALTIME, async {
        let (online, desk) = tokio::join!(online::count(&app), desk(&app));
        let (desk, lately) = desk?;
        Ok(Realtime {
            online_users: online.map(|online| online.users),
            online_staff: desk.online_staff,
            active_sessions: desk.active_sessions,
            queued_visitors: desk.queued,
            average_wait_time: seconds_each(lately.waited_ms, lately.waits).unwrap_or_default(),
            system_load: system_load(&app, online, desk),
        })
    })
    .await
}

async fn desk(app: &App) -> Result<(DeskNow, Tally), Error> {
    let desk = app.statistics.now(app.config.support.staff_max_sessions).await?;
    let (calendar, now) = (&app.config.statistics.calendar, app.clock.now());
    let lately = [calendar.hour_of(now.plus(-HOUR_MS)), calendar.hour_of(now)];
    let kept = app.statistics.kept(&(lately[0].0..=lately[1].0)).await?;
    let mut tally = Tally::default();
    for (_, _, of_hour) in kept.hours.iter().filter(|(day, hour, _)| lately.contains(&(*day, *hour))) {
        tally += *of_hour;
    }
    Ok((desk, tally))
}

/// 0 to 1: the fullest of the connections, the places of staff, and the backlog of the queues; unknown while
/// nobody knows the connections.
pub(crate) fn system_load(app: &App, online: Option<OnlineCount>, desk: DeskNow) -> Option<f64> {
    let connections = share(online?.connections, i64::from(app.config.sockets.max_connections));
    let staff = match desk.places {
        // Nobody takes sessions: full if somebody wants to have one.
        0 => f64::from(u8::from(desk.queued > 0)),
        places => share(desk.taken, places),
    };
    let backlog = share(desk.backlog, i64::from(app.config.statistics.backlog_full));
    Some(rounded(connections.max(staff).max(backlog)))
}

fn share(taken: i64, most: i64) -> f64 {
    (taken as f64 / most as f64).clamp(0.0, 1.0)
}
