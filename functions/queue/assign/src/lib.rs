//! Carries the desk's decisions to those concerned: who serves a session now, who doesn't any more, who has
//! moved up in the queue. Nothing is decided here but that a staff member who went offline has been away for
//! the grace.
//!
//! Reads `chat.visitor.assignment` (steps of sessions, and looks at a queue) and `chat.staff.status` (staff who
//! came, went or chose a status, and their graces). Events come more than once and in any order, so what is
//! told is what holds when they arrive. A fault of the store fails the batch, so that it comes again; every
//! step is safe to run twice.

mod figures;
mod mirror;
mod post;
mod queue;
mod session;
mod staff;

use std::collections::BTreeSet;

use lambda_runtime::Error;
use shared::app::App;
use shared::dead_letter;
use shared::events;
use shared::ids::OutboxId;
use shared::model::OwnEvent;
use shared::mq_event::RabbitMqEvent;
use shared::ports::{Event, SessionChanged, StaffChanged, StaffGrace};

/// What came together, by kind.
#[derive(Default)]
struct Batch {
    sessions: Vec<SessionChanged>,
    staff: Vec<StaffChanged>,
    graces: Vec<StaffGrace>,
    /// Teams whose whole queue is to be looked at.
    looks: BTreeSet<String>,
}

/// # Errors
/// When a service is away: the whole batch has to come again.
pub async fn handle(app: &App, event: RabbitMqEvent) -> Result<(), Error> {
    let batch = read(app, &event).await?;
    for grace in &batch.graces {
        staff::end_grace(app, *grace).await?;
    }
    let current = session::current(app, &batch.sessions).await?;
    session::tell(app, &batch.sessions, &current).await?;
    let members = staff::current(app, &batch.staff, &batch.sessions).await?;
    staff::begin_graces(app, &batch.staff, &members).await?;
    mirror::keep(app, current, members).await?;
    queue::moved(app, batch.sessions.iter().flat_map(|changed| &changed.queues)).await?;
    queue::look(app, &batch.looks).await?;
    settle(app, &batch).await?;
    let (sessions, staff) = (batch.sessions.len(), batch.staff.len());
    tracing::info!(sessions, staff, graces = batch.graces.len(), looks = batch.looks.len(), "batch done");
    Ok(())
}

/// Tells services that want to hear of it, counts the steps in the statement that settles them, and settles the rest.
async fn settle(app: &App, batch: &Batch) -> Result<(), Error> {
    if !batch.sessions.is_empty() {
        events::tell(app, &batch.sessions, OwnEvent::of_step).await?;
        app.statistics.settle_steps(&batch.sessions, &app.config.statistics.calendar()?).await?;
        figures::note(&batch.sessions);
    }
    if !batch.staff.is_empty() {
        let rows: Vec<OutboxId> = batch.staff.iter().map(|changed| changed.outbox).collect();
        app.outbox.settle(&rows).await?;
    }
    Ok(())
}

async fn read(app: &App, event: &RabbitMqEvent) -> Result<Batch, Error> {
    let now = app.clock.now();
    let mut batch = Batch::default();
    for (queue, envelope) in dead_letter::readable(app.bus.as_ref(), event, now).await? {
        match envelope.event {
            Event::SessionChanged(changed) => batch.sessions.push(*changed),
            Event::StaffChanged(changed) => batch.staff.push(changed),
            Event::StaffGrace(grace) => batch.graces.push(grace),
            Event::QueueLook(look) => drop(batch.looks.insert(look.team)),
            _ => dead_letter::misplaced(app.bus.as_ref(), &queue, &envelope, now).await?,
        }
    }
    Ok(batch)
}
