//! Telling visitors where they stand: the first ones at once, everyone some seconds later.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use lambda_runtime::Error;
use shared::app::App;
use shared::frames::{Outgoing, ServerFrame};
use shared::limiter::Rate;
use shared::model::QueuePlace;
use shared::ports::{Delay, Event, QueueLook};

use crate::post::{self, Reachable};

/// Told at once.
const FIRST: i64 = 10;
/// How much later the others are told.
const LOOK_AFTER: Delay = Delay::FiveSeconds;
const POSTS_AT_ONCE: usize = 64;

/// One look in [`LOOK_AFTER`].
fn look_rate() -> Rate {
    Rate::per_minute(12, 1)
}

/// Tells the first of each queue that moved, and has the others told later.
pub(crate) async fn moved(app: &App, teams: impl Iterator<Item = &String>) -> Result<(), Error> {
    for team in teams.collect::<BTreeSet<_>>() {
        tell(app, team, FIRST).await?;
        let turn = app.presence.limit(&format!("queue-look:{team}"), look_rate(), app.clock.now()).await;
        if turn.is_ok() {
            let look = Event::QueueLook(QueueLook { team: team.clone() });
            app.bus.publish_after(&[look], LOOK_AFTER, app.clock.now()).await?;
        }
    }
    Ok(())
}

/// Tells everyone in these queues whose place moved.
pub(crate) async fn look(app: &App, teams: &BTreeSet<String>) -> Result<(), Error> {
    for team in teams {
        tell(app, team, i64::MAX).await?;
    }
    Ok(())
}

async fn tell(app: &App, team: &str, first: i64) -> Result<(), Error> {
    let places = app.desk.take_moved(team, first, app.config.support.staff_max_sessions).await?;
    if places.is_empty() {
        return Ok(());
    }
    let reachable = Reachable::of(app, places.iter().map(|place| place.visitor)).await?;
    let told = stream::iter(places).map(|place| tell_one(app, &reachable, place));
    told.buffer_unordered(POSTS_AT_ONCE).try_collect::<()>().await
}

async fn tell_one(app: &App, reachable: &Reachable, place: QueuePlace) -> Result<(), Error> {
    let frame = Outgoing::new(&ServerFrame::QueuePosition(place));
    post::post_in_passing(app, reachable.listeners(&[place.visitor]), &frame).await
}
