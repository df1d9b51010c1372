//! Filling presence again from the `connections` rows after it came back empty, a page at a time.

use std::collections::HashSet;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::timeout;
use uuid::Uuid;

use crate::app::App;
use crate::chat::{fanout, registration};
use crate::clock::UnixMs;
use crate::ids::ConnectionId;
use crate::model::Address;
use crate::ports::{Event, PostError, PresenceError, PresenceRebuild, Registration, StoreError, Wholeness};

/// Rows of one step: well within what a function may take, also with an endpoint that doesn't answer.
const STEP: u32 = 500;
/// Connections looked at and restored at once.
const AT_ONCE: usize = 64;
/// Longest look at one socket.
const LOOK: Duration = Duration::from_millis(500);

/// A service is away; the step can be taken again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be done after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The next step begins after this connection.
    Until(ConnectionId),
    /// Presence is whole.
    Done,
    /// The claim is no longer held: somebody else begins anew, or whoever next finds presence lost.
    Superseded,
}

/// Looks whether presence lost everything, and if so publishes the first step of its rebuild. Answers
/// whether it is whole. With the bus away the claim is given up, and `upkeep` does it.
pub async fn start_if_lost(app: &App) -> bool {
    match app.presence.claim_rebuild().await {
        Ok(Wholeness::Whole) => return true,
        Ok(Wholeness::Rebuilding) => {}
        Ok(Wholeness::Lost { claim }) => start(app, claim).await,
        Err(error) => tracing::warn!(%error, "unknown whether presence is whole"),
    }
    false
}

async fn start(app: &App, claim: Uuid) {
    let first = Event::PresenceRebuild(PresenceRebuild { claim, after: None });
    tracing::warn!("presence came back empty: it is rebuilt");
    if let Err(error) = app.bus.publish(&[first], app.clock.now()).await {
        tracing::warn!(%error, "the rebuild is left to upkeep");
        // Otherwise the claim runs out by itself.
        let _ = app.presence.end_rebuild(claim, false).await;
    }
}

/// Rebuilds presence here and now, if it is lost and nobody else is at it. Answers whether it did.
///
/// # Errors
/// When a service is away; the claim then runs out.
pub async fn at_once(app: &App) -> Result<bool, RebuildError> {
    let Wholeness::Lost { claim } = app.presence.claim_rebuild().await? else { return Ok(false) };
    let mut after = None;
    loop {
        match step(app, claim, after.as_ref()).await? {
            Progress::Until(last) => after = Some(last),
            progress => return Ok(progress == Progress::Done),
        }
    }
}

/// Restores one page of connections; after the last one says that presence is whole.
///
/// # Errors
/// When a service is away; the step can be taken again without harm.
pub async fn step(app: &App, claim: Uuid, after: Option<&ConnectionId>) -> Result<Progress, RebuildError> {
    if !app.presence.keep_claim(claim).await? {
        return Ok(Progress::Superseded);
    }
    let page = app.connection_log.page(after, STEP).await?;
    let Some((last, _)) = page.last() else {
        let done = app.presence.end_rebuild(claim, true).await?;
        return Ok(if done { Progress::Done } else { Progress::Superseded });
    };
    let last = last.address.connection.clone();
    let restored = stream::iter(page).map(|(lost, heard)| restore(app, lost, heard));
    let restored: Vec<Registration> = restored.buffer_unordered(AT_ONCE).try_collect().await?;
    forget_closed(app, restored).await?;
    Ok(Progress::Until(last))
}

async fn restore(app: &App, lost: Registration, heard: UnixMs) -> Result<Registration, RebuildError> {
    if is_gone(app, &lost.address).await {
        registration::forget(app, &lost.address.connection).await?;
    } else {
        app.presence.restore(&lost, heard, app.clock.now()).await?;
    }
    Ok(lost)
}

/// Whether the gateway says that the socket isn't there. When it last was active is no help: that counts what
/// it was posted, too.
async fn is_gone(app: &App, address: &Address) -> bool {
    let look = timeout(LOOK, app.connections.inspect(address)).await;
    matches!(look, Ok(Err(PostError::Gone))) && !fanout::is_young(address, app.clock.now())
}

/// A connection that closed between being read and being restored was forgotten too early: its row tells.
async fn forget_closed(app: &App, restored: Vec<Registration>) -> Result<(), RebuildError> {
    let ids: Vec<ConnectionId> = restored.iter().map(|one| one.address.connection.clone()).collect();
    let open: HashSet<ConnectionId> = app.connection_log.still_open(&ids).await?.into_iter().collect();
    for Registration { user, address, rooms, .. } in restored {
        if !open.contains(&address.connection) {
            app.presence.forget(user, &address.connection, &rooms, app.clock.now()).await?;
        }
    }
    Ok(())
}
