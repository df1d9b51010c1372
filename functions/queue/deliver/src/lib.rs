//! Finishes what the live path left open, and settles it.
//!
//! Reads `chat.messages` (one message of the bus per entry of a log), the fan-out queues (one per chunk of
//! a large room, or of those whom an earlier try could not reach), `chat.system.notification` (what concerns
//! one user, and the sweeps after an outage of the bus) and `chat.push` (one per user and room that a push is
//! due for). A fault of a service fails the batch, so that it comes again; every step is safe to run twice.

mod chunk;
mod close;
mod copies;
mod post;
mod push;
mod rebuild;
mod status;
mod stored;
mod sweep;

use futures::future::try_join_all;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::receipt;
use shared::dead_letter;
use shared::mq_event::RabbitMqEvent;
use shared::ports::{Delivered, Event, MessageStored};

/// # Errors
/// When a service is away: the whole batch has to come again.
pub async fn handle(app: &App, event: RabbitMqEvent) -> Result<(), Error> {
    let envelopes = dead_letter::readable(app.bus.as_ref(), &event, app.clock.now()).await?;
    let (mut messages, mut chunks, mut pushes) = (vec![], vec![], vec![]);
    let (mut closings, mut receipts, mut sweeps) = (vec![], vec![], vec![]);
    let (mut rebuilds, mut statuses) = (vec![], vec![]);
    for (queue, envelope) in envelopes {
        match envelope.event {
            Event::MessageStored(stored) => messages.push(stored),
            Event::FanoutChunk(chunk) => chunks.push(chunk),
            Event::SweepOutbox(sweep) => sweeps.push(sweep),
            Event::PresenceRebuild(next) => rebuilds.push(next),
            Event::StatusChanged(changed) => statuses.push(changed),
            Event::PushDue(due) => pushes.push((envelope.id, due)),
            Event::CloseSockets(sockets) => closings.push(sockets),
            Event::ReceiptDue(due) => receipts.push(due),
            Event::SessionChanged(_)
            | Event::StaffChanged(_)
            | Event::StaffGrace(_)
            | Event::QueueLook(_) => {
                dead_letter::misplaced(app.bus.as_ref(), &queue, &envelope, app.clock.now()).await?;
            }
        }
    }
    let (posted, delivered, pushed) = (chunks.len(), messages.len(), pushes.len());
    try_join_all(chunks.into_iter().map(|chunk| chunk::deliver(app, chunk))).await?;
    try_join_all(closings.into_iter().map(|sockets| close::deliver(app, sockets))).await?;
    try_join_all(receipts.iter().map(|due| receipt::tell_late(app, due))).await?;
    finish(app, messages).await?;
    push::deliver(app, pushes).await?;
    try_join_all(statuses.into_iter().map(|changed| status::tell(app, changed))).await?;
    try_join_all(rebuilds.into_iter().map(|next| rebuild::step(app, next))).await?;
    for sweep in sweeps {
        sweep::deliver(app, sweep).await?;
    }
    tracing::info!(messages = delivered, chunks = posted, pushes = pushed, "batch done");
    Ok(())
}

/// Delivers what is left of each, claims pushes for those who are away, keeps copies, and settles and
/// counts all in one statement, last.
async fn finish(app: &App, messages: Vec<MessageStored>) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let audiences = stored::audiences(app, &messages).await?;
    try_join_all(messages.iter().map(|stored| stored::deliver(app, stored, &audiences))).await?;
    push::claim(app, &messages).await?;
    let calendar = &app.config.statistics.calendar;
    let delivered: Vec<_> = messages.iter().map(|stored| Delivered::of(stored, calendar)).collect();
    copies::keep(app, messages.into_iter().map(|stored| stored.entry)).await?;
    app.statistics.settle_messages(&delivered).await?;
    Ok(())
}
