use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::fanout::is_young;
use shared::chat::{rebuild, registration, status};
use shared::config::ROUTING_TTL;
use shared::ids::UserId;
use shared::model::Listener;
use shared::ports::{PostError, StoreError};
use tokio::time::timeout;

/// Rows taken at once.
const BATCH: u32 = 500;
/// A socket at the very end of its life still gets its own `$disconnect` first.
const SLACK_MS: i64 = 60_000;
/// Somewhat longer than between two runs.
const HEARD_MS: i64 = 90_000;
/// Users written down in one statement.
const HEARD_AT_ONCE: usize = 1_000;
/// Users whose connections are read in one trip.
const USERS_A_TRIP: usize = 200;
/// Sockets looked at in one run, at most: seconds of it, with an endpoint that doesn't answer.
const LOOKS: usize = 5_000;
const LOOKS_AT_ONCE: usize = 64;
/// Longest look at one.
const LOOK: Duration = Duration::from_millis(500);

/// Forgets connections older than any socket can be; answers how many.
pub(crate) async fn forget_lapsed(app: &App) -> Result<usize, Error> {
    let life = i64::try_from(ROUTING_TTL.as_millis())?;
    let cutoff = app.clock.now().plus(-life - SLACK_MS);
    let mut forgotten = 0;
    loop {
        let lapsed = app.connection_log.opened_before(cutoff, BATCH).await?;
        if lapsed.is_empty() {
            return Ok(forgotten);
        }
        for listener in &lapsed {
            registration::forget(app, &listener.address.connection).await?;
        }
        forgotten += lapsed.len();
    }
}

/// Takes users whose presence ran out off the list of those online; answers them.
pub(crate) async fn sweep_silent(app: &App) -> Vec<UserId> {
    let mut silent = Vec::new();
    loop {
        match app.presence.sweep_silent(app.clock.now(), BATCH).await {
            Ok(users) if users.is_empty() => return silent,
            Ok(users) => {
                status::changed(app, &users).await;
                silent.extend(users);
            }
            Err(error) => {
                tracing::warn!(%error, "silent users stay listed for another minute");
                return silent;
            }
        }
    }
}

/// Looks whether the sockets of users who went silent are there, and forgets those that are not; answers how
/// many. Who only listens is silent, too, and stays reachable. Over [`LOOKS`] the next send to them finds out.
pub(crate) async fn forget_lost(app: &App, silent: &[UserId]) -> Result<usize, Error> {
    let mut connections = Vec::new();
    for users in silent.chunks(USERS_A_TRIP) {
        if connections.len() >= LOOKS {
            break;
        }
        match app.presence.listeners(users).await {
            Ok(theirs) => connections.extend(theirs),
            Err(error) => tracing::warn!(%error, "not looked at"),
        }
    }
    connections.truncate(LOOKS);
    let looks = stream::iter(connections).map(|listener| forget_if_gone(app, listener));
    let forgotten: Vec<bool> = looks.buffer_unordered(LOOKS_AT_ONCE).try_collect().await?;
    Ok(forgotten.into_iter().filter(|&gone| gone).count())
}

async fn forget_if_gone(app: &App, listener: Listener) -> Result<bool, StoreError> {
    let look = timeout(LOOK, app.connections.inspect(&listener.address)).await;
    let gone = matches!(look, Ok(Err(PostError::Gone))) && !is_young(&listener.address, app.clock.now());
    if gone {
        registration::forget_closed(app, &listener).await?;
    }
    Ok(gone)
}

/// Rebuilds presence when it is empty and nobody is at it: the bus may be away. Answers whether it did.
pub(crate) async fn rebuild_if_lost(app: &App) -> bool {
    rebuild::at_once(app).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "presence is not whole for another minute");
        false
    })
}

/// Writes down who was heard since the last run, a page at a time: what is known of them when presence comes
/// back empty.
pub(crate) async fn note_heard(app: &App) -> Result<(), Error> {
    let since = app.clock.now().plus(-HEARD_MS);
    for skip in (0..).step_by(HEARD_AT_ONCE) {
        match app.presence.heard_since(since, skip, u32::try_from(HEARD_AT_ONCE)?).await {
            Ok(heard) if heard.is_empty() => break,
            Ok(heard) => app.statuses.heard(&heard).await?,
            Err(error) => {
                tracing::warn!(%error, "who was heard stays unknown to the store");
                break;
            }
        }
    }
    Ok(())
}
