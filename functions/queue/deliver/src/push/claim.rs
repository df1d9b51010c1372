use std::collections::BTreeSet;

use lambda_runtime::Error;
use shared::app::App;
use shared::ids::{RoomId, UserId};
use shared::model::Entry;
use shared::ports::{ClaimScope, Event, MessageStored, PushClaim, PushDue};

/// Claims made by one statement.
const CLAIMS_AT_ONCE: u32 = 1_000;
/// Members looked at by one statement, at most: a hundred milliseconds or so of Postgres, where an operation
/// may take 700.
const MEMBERS_AT_ONCE: u32 = 20_000;
/// Events published side by side.
const EVENTS_AT_ONCE: usize = 100;

/// Claims a push for every member who misses one of the messages and is away, and schedules those that are
/// new: one statement for twenty large rooms, none where nobody can be pushed to.
pub(crate) async fn claim(app: &App, messages: &[MessageStored]) -> Result<(), Error> {
    let reach = app.push.reach();
    if reach.is_nobody() {
        return Ok(());
    }
    let room_max_members = app.config.push.room_max_members;
    let scope = ClaimScope { reach, room_max_members, limit: CLAIMS_AT_ONCE };
    let sent: Vec<_> = messages.iter().filter_map(missable).collect::<BTreeSet<_>>().into_iter().collect();
    let at_once = (MEMBERS_AT_ONCE / room_max_members).max(1);
    for some in sent.chunks(usize::try_from(at_once)?) {
        claim_some(app, some, scope).await?;
    }
    Ok(())
}

async fn claim_some(app: &App, sent: &[(RoomId, UserId)], scope: ClaimScope) -> Result<(), Error> {
    loop {
        let claims = app.push_pending.claim(sent, scope, app.clock.now()).await?;
        schedule(app, &claims).await;
        if claims.len() < CLAIMS_AT_ONCE as usize {
            return Ok(());
        }
    }
}

/// The room and the sender of a message; nobody is pushed to for its edit or recall.
fn missable(stored: &MessageStored) -> Option<(RoomId, UserId)> {
    match &stored.entry {
        Entry::Message(message) => Some((message.room_id, message.sender_id)),
        Entry::Edited(_) | Entry::Recalled(_) => None,
    }
}

/// A publish that fails is no error: `upkeep` finds the claims.
async fn schedule(app: &App, claims: &[PushClaim]) {
    let events: Vec<_> = claims.iter().map(|claim| Event::PushDue(PushDue::of(*claim))).collect();
    for some in events.chunks(EVENTS_AT_ONCE) {
        if let Err(error) = app.bus.publish_after(some, app.config.push.delay, app.clock.now()).await {
            tracing::warn!(%error, pushes = some.len(), "pushes are left to upkeep");
        }
    }
}
