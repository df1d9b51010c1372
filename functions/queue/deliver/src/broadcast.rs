//! Broadcasts: each step finds the next thousand sockets and gives them to the fan-out queues.
//!
//! The row says where a broadcast stands; the event only says that it is to go on. So a step that was lost is taken
//! from there when the outbox row, which stays open until the last one, is swept.

use lambda_runtime::Error;
use shared::app::App;
use shared::chat::audience::{self, AudienceError};
use shared::frames::{Outgoing, ServerFrame, SystemEvent};
use shared::ids::{BroadcastId, ConnectionId, RoomId, RoomRef};
use shared::model::{BroadcastKind, Listener};
use shared::ports::{
    BroadcastChunk, BroadcastStep, BroadcastStepTaken, BroadcastTarget, BroadcastWork, Event, FanoutChunk,
    OUTBOX_DUE_MS, Registration, StoreError,
};
use uuid::Uuid;

/// Sockets that one step finds.
const STEP: u32 = 1_000;

/// Takes the next step and publishes the one after it.
pub(crate) async fn step(app: &App, event: BroadcastStep) -> Result<(), Error> {
    let BroadcastStep { broadcast, step } = event;
    let Some(work) = app.broadcasts.broadcast_work(broadcast).await? else { return Ok(()) };
    if work.found_all || !is_next(app, &work, step) {
        return Ok(());
    }
    let found = find(app, &work).await?;
    let taken = publish(app, broadcast, &work, &found).await?;
    // After the publish: a step that is known to be taken has lost nothing.
    if !app.broadcasts.note_step(&taken, app.clock.now()).await? {
        tracing::warn!(%broadcast, step = taken.step, "a step of a broadcast was taken twice");
        return Ok(());
    }
    tracing::info!(%broadcast, step = taken.step, sockets = found.len(), last = taken.is_last, "broadcast");
    if !taken.is_last {
        let next = Event::BroadcastStep(BroadcastStep { broadcast, step: taken.step + 1 });
        app.bus.publish(&[next], app.clock.now()).await?;
    }
    Ok(())
}

/// An earlier step comes again when the outbox is swept. The next one may be on its way then, unless nothing has moved
/// for as long as it takes to be overdue.
fn is_next(app: &App, work: &BroadcastWork, step: u32) -> bool {
    step == work.steps || app.clock.now().0 - work.moved_at.0 >= OUTBOX_DUE_MS
}

/// The next sockets, in the order of their ids.
async fn find(app: &App, work: &BroadcastWork) -> Result<Vec<Listener>, Error> {
    let after = work.after.as_ref();
    match work.target {
        BroadcastTarget::All => Ok(of_all(app, after).await?),
        BroadcastTarget::Room(room) => Ok(beyond(after, of_room(app, room).await?)),
        BroadcastTarget::User(user) => Ok(beyond(after, audience::of_users(app, &[user]).await?)),
    }
}

async fn of_all(app: &App, after: Option<&ConnectionId>) -> Result<Vec<Listener>, StoreError> {
    let page = app.connection_log.page(after, STEP).await?;
    let listener = |(known, _): (Registration, _)| Listener { user: known.user, address: known.address };
    Ok(page.into_iter().map(listener).collect())
}

/// While presence is away, those whom the connection log knows.
async fn of_room(app: &App, room: RoomId) -> Result<Vec<Listener>, StoreError> {
    let Some(room) = app.rooms.find(&RoomRef::Id(room)).await? else { return Ok(Vec::new()) };
    match audience::everyone_of_room(app, room.id, room.members_version).await {
        Ok(listeners) => Ok(listeners),
        Err(AudienceError::Store(error)) => Err(error),
        Err(AudienceError::Presence(error)) => {
            tracing::warn!(%error, room = %room.id, "a broadcast to those in the log alone");
            let members = app.rooms.audience(room.id).await?.map(|audience| audience.members);
            app.connection_log.of_users(&members.unwrap_or_default()).await
        }
    }
}

fn beyond(after: Option<&ConnectionId>, mut listeners: Vec<Listener>) -> Vec<Listener> {
    listeners.retain(|listener| after.is_none_or(|after| listener.address.connection > *after));
    listeners.sort_unstable_by(|a, b| a.address.connection.cmp(&b.address.connection));
    listeners.truncate(STEP as usize);
    listeners
}

/// Cuts what was found into chunks and publishes them.
async fn publish(
    app: &App,
    broadcast: BroadcastId,
    work: &BroadcastWork,
    found: &[Listener],
) -> Result<BroadcastStepTaken, Error> {
    let frame = frame(broadcast, work).text();
    let room = if let BroadcastTarget::Room(room) = work.target { Some(room) } else { None };
    let (mut chunks, mut events) = (Vec::new(), Vec::new());
    let first: u32 = rand::random();
    for (n, listeners) in (0..).zip(found.chunks(app.config.chat.fanout_chunk)) {
        let chunk = Uuid::now_v7();
        chunks.push((chunk, u32::try_from(listeners.len())?));
        events.push(Event::FanoutChunk(FanoutChunk {
            lane: first.wrapping_add(n),
            room,
            broadcast: Some(BroadcastChunk { broadcast, chunk }),
            frame: frame.clone(),
            listeners: listeners.to_vec(),
            attempt: 0,
        }));
    }
    app.bus.publish(&events, app.clock.now()).await?;
    let after = found.last().map(|listener| listener.address.connection.clone());
    let is_last = found.len() < STEP as usize;
    Ok(BroadcastStepTaken { broadcast, step: work.steps, after, chunks, is_last })
}

fn frame(broadcast_id: BroadcastId, work: &BroadcastWork) -> Outgoing {
    let (data, timestamp) = (work.data.clone(), work.created_at);
    Outgoing::new(&match work.kind {
        BroadcastKind::Notification => ServerFrame::Notification { broadcast_id, data, timestamp },
        BroadcastKind::System => {
            ServerFrame::System { event: SystemEvent::Broadcast { broadcast_id, data }, timestamp }
        }
    })
}
