use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::{audience, fanout, registration};
use shared::frames::Outgoing;
use shared::ids::{RoomId, UserId};
use shared::model::Listener;
use shared::ports::{Delay, StoreError};

/// Users whose connections are read in one trip.
const USERS_A_TRIP: usize = 200;
/// All posts of one frame.
const BUDGET: Duration = Duration::from_secs(1);

/// The connections of some users.
pub(crate) struct Reachable(BTreeMap<UserId, Vec<Listener>>);

impl Reachable {
    pub(crate) async fn of(app: &App, users: impl Iterator<Item = UserId>) -> Result<Self, StoreError> {
        let users: Vec<UserId> = users.collect::<BTreeSet<_>>().into_iter().collect();
        let mut connections = BTreeMap::<UserId, Vec<Listener>>::new();
        for users in users.chunks(USERS_A_TRIP) {
            for listener in audience::of_users(app, users).await? {
                connections.entry(listener.user).or_default().push(listener);
            }
        }
        Ok(Self(connections))
    }

    pub(crate) fn listeners(&self, users: &[UserId]) -> Vec<Listener> {
        users.iter().filter_map(|user| self.0.get(user)).flatten().cloned().collect()
    }
}

/// Posts a frame of a session; whoever can't be reached now is handed on to `deliver`.
pub(crate) async fn post(app: &App, room: RoomId, to: Vec<Listener>, frame: &Outgoing) -> Result<(), Error> {
    let posted = fanout::post(app, to, frame, BUDGET).await;
    for gone in &posted.gone {
        registration::forget_gone(app, gone, room).await?;
    }
    let left = posted.unfinished();
    if !left.is_empty() {
        fanout::enqueue_after(app, room, &left, frame, 1, Delay::OneSecond).await?;
    }
    Ok(())
}

/// Posts a frame that is outdated by the next: whoever can't be reached now waits for that.
pub(crate) async fn post_in_passing(app: &App, to: Vec<Listener>, frame: &Outgoing) -> Result<(), Error> {
    for gone in &fanout::post(app, to, frame, BUDGET).await.gone {
        registration::forget_closed(app, gone).await?;
    }
    Ok(())
}
