use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use shared::Error;
use shared::app::App;
use shared::calendar::{Calendar, Day};
use shared::clock::UnixMs;
use shared::identity::{Caller, Permission};
use shared::ports::{DeskNow, Kept, OnlineCount, Tally};
use utoipa::ToSchema;

use crate::figures::{rounded, seconds_each};
use crate::{cached, online};

const HOUR_MS: i64 = 3_600_000;

/// As the documents' sample; what presence would have to know is null while it is away.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Realtime {
    #[schema(required)]
    online_users: Option<i64>,
    online_staff: i64,
    active_sessions: i64,
    queued_visitors: i64,
    /// Seconds, of those whose waiting ended in this hour or the one before; 0 when nobody's did.
    average_wait_time: f64,
    #[schema(required)]
    system_load: Option<f64>,
}

/// `GET /api/chatstatistics/realtime`: how things stand, five seconds ago at most.
///
/// # Errors
/// `forbidden` without `statistics.view`.
#[utoipa::path(
    get, path = "/api/chatstatistics/realtime",
    responses((status = 200, description = "The figures.", body = Realtime)),
)]
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
    let lately = lately(&app.config.statistics.calendar()?, app.clock.now());
    let kept = app.statistics.kept(&(lately[0].0..=lately[1].0)).await?;
    Ok((desk, sum(&kept, lately)))
}

/// The hour before this one, and this one.
fn lately(calendar: &Calendar, now: UnixMs) -> [(Day, u8); 2] {
    [calendar.hour_of(now.plus(-HOUR_MS)), calendar.hour_of(now)]
}

fn sum(kept: &Kept, hours: [(Day, u8); 2]) -> Tally {
    let mut tally = Tally::default();
    for (_, _, of_hour) in kept.hours.iter().filter(|(day, hour, _)| hours.contains(&(*day, *hour))) {
        tally += *of_hour;
    }
    tally
}

/// 0 to 1: the fullest of the connections, the places of staff, and the backlog of the queues; unknown while
/// nobody knows the connections.
pub(crate) fn system_load(app: &App, online: Option<OnlineCount>, desk: DeskNow) -> Option<f64> {
    let most = Most {
        connections: i64::from(app.config.sockets.max_connections),
        backlog: i64::from(app.config.statistics.backlog_full),
    };
    Some(fullest(most, online?.connections, desk))
}

/// What is full.
#[derive(Clone, Copy)]
struct Most {
    connections: i64,
    backlog: i64,
}

fn fullest(most: Most, connections: i64, desk: DeskNow) -> f64 {
    let connections = share(connections, most.connections);
    let staff = match desk.places {
        // Nobody takes sessions: full if somebody wants to have one.
        0 => f64::from(u8::from(desk.queued > 0)),
        places => share(desk.taken, places),
    };
    rounded(connections.max(staff).max(share(desk.backlog, most.backlog)))
}

fn share(taken: i64, most: i64) -> f64 {
    (taken as f64 / most as f64).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { connections: 100, backlog: 50 };

    fn desk(taken: i64, places: i64, backlog: i64) -> DeskNow {
        DeskNow { active_sessions: taken, queued: 0, online_staff: 1, places, taken, backlog }
    }

    #[test]
    fn the_load_is_that_of_the_fullest() {
        assert_eq!(fullest(MOST, 0, desk(0, 10, 0)), 0.0);
        assert_eq!(fullest(MOST, 30, desk(2, 10, 5)), 0.3, "connections");
        assert_eq!(fullest(MOST, 30, desk(4, 10, 5)), 0.4, "staff");
        assert_eq!(fullest(MOST, 30, desk(4, 10, 25)), 0.5, "backlog");
        for full in [fullest(MOST, 101, desk(0, 10, 0)), fullest(MOST, 0, desk(0, 10, 51))] {
            assert_eq!(full, 1.0, "no fuller than full");
        }
    }

    #[test]
    fn where_nobody_takes_sessions_staff_are_full_once_somebody_waits() {
        assert_eq!(fullest(MOST, 30, desk(0, 0, 0)), 0.3);
        assert_eq!(fullest(MOST, 30, DeskNow { queued: 1, ..desk(0, 0, 0) }), 1.0);
    }

    #[test]
    fn waits_of_this_hour_and_the_one_before_count() {
        let calendar = Calendar::of("Asia/Kolkata").unwrap();
        // 00:10 on the 21st there.
        let now = UnixMs(1_795_199_400_000 + 10 * 60_000);
        let (today, yesterday) = (Day::of(2026, 11, 21), Day::of(2026, 11, 20));
        assert_eq!(lately(&calendar, now), [(yesterday, 23), (today, 0)]);
        let waited = |waits| Tally { waits, waited_ms: waits * 1_000, ..Tally::default() };
        let hours = vec![
            (yesterday, 0, waited(1)),
            (yesterday, 22, waited(2)),
            (yesterday, 23, waited(4)),
            (today, 0, waited(8)),
            (today, 23, waited(16)),
        ];
        let kept = Kept { hours, active_users: Vec::new() };
        assert_eq!(sum(&kept, lately(&calendar, now)), waited(4 + 8));
    }
}
