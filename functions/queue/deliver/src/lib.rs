//! Finishes what the live path left open, and settles it.
//!
//! Reads `chat.messages` (one message of the bus per entry of a log), the fan-out queues (one per chunk of
//! a large room, or of those whom an earlier try could not reach), `chat.system.notification` (what concerns
//! one user, and the sweeps after an outage of the bus) and `chat.push` (one per user and room that a push is
//! due for). A fault of a service fails the batch, so that it comes again; every step is safe to run twice.

mod broadcast;
mod chunk;
mod close;
mod copies;
mod post;
mod push;
mod rebuild;
mod repair;
mod status;
mod stored;
mod sweep;

use futures::FutureExt;
use futures::future::try_join_all;
use lambda_runtime::Error;
use shared::app::App;
use shared::chat::receipt;
use shared::dead_letter;
use shared::events;
use shared::model::OwnEvent;
use shared::mq_event::RabbitMqEvent;
use shared::ports::{Delivered, Event, MessageStored, ReceiptDue};

/// # Errors
/// When a service is away: the whole batch has to come again.
pub async fn handle(app: &App, event: RabbitMqEvent) -> Result<(), Error> {
    let envelopes = dead_letter::readable(app.bus.as_ref(), &event, app.clock.now()).await?;
    let (mut messages, mut pushes, mut repairs, mut others) = (vec![], vec![], vec![], vec![]);
    for (queue, envelope) in envelopes {
        match envelope.event {
            Event::MessageStored(stored) => messages.push(stored),
            Event::PresenceRepair(repair) => repairs.push(repair),
            Event::PushDue(due) => pushes.push((envelope.id, due)),
            Event::FanoutChunk(chunk) => others.push(chunk::deliver(app, chunk, envelope.at).boxed()),
            Event::CloseSockets(sockets) => others.push(close::deliver(app, sockets).boxed()),
            Event::ReceiptDue(due) => others.push(tell_late(app, due).boxed()),
            Event::StatusChanged(changed) => others.push(status::tell(app, changed).boxed()),
            Event::PresenceRebuild(next) => others.push(rebuild::step(app, next).boxed()),
            Event::BroadcastStep(next) => others.push(broadcast::step(app, next).boxed()),
            Event::SweepOutbox(sweep) => others.push(sweep::deliver(app, sweep).boxed()),
            Event::SessionChanged(_)
            | Event::StaffChanged(_)
            | Event::StaffGrace(_)
            | Event::QueueLook(_)
            | Event::DeliveryDue(_) => {
                dead_letter::misplaced(app.bus.as_ref(), &queue, &envelope, app.clock.now()).await?;
            }
        }
    }
    let counts = (messages.len(), pushes.len(), others.len());
    // Before what is told of whom they bring back.
    repair::deliver(app, repairs).await?;
    try_join_all(others).await?;
    finish(app, messages).await?;
    push::deliver(app, pushes).await?;
    tracing::info!(messages = counts.0, pushes = counts.1, others = counts.2, "batch done");
    Ok(())
}

async fn tell_late(app: &App, due: ReceiptDue) -> Result<(), Error> {
    Ok(receipt::tell_late(app, &due).await?)
}

/// Delivers what is left of each, claims pushes for those who are away, tells services that want to hear of it,
/// keeps copies, and settles and counts all in one statement, last.
async fn finish(app: &App, messages: Vec<MessageStored>) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let calendar = app.config.statistics.calendar()?;
    let audiences = stored::audiences(app, &messages).await?;
    try_join_all(messages.iter().map(|stored| stored::deliver(app, stored, &audiences))).await?;
    push::claim(app, &messages).await?;
    events::tell(app, &messages, |stored| OwnEvent::of_entry(&stored.entry)).await?;
    let delivered: Vec<_> = messages.iter().map(|stored| Delivered::of(stored, &calendar)).collect();
    copies::keep(app, messages.into_iter().map(|stored| stored.entry)).await?;
    app.statistics.settle_messages(&delivered).await?;
    Ok(())
}
