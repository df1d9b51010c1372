//! Posts events to the services that they are for.
//!
//! Reads `chat.events`, one message for a round of a delivery. The delivery's row is the truth: a message that comes
//! again, or of a round that was made, does nothing; one that is lost is published again by whoever sweeps. An event
//! may reach a service twice, when a function ends between the post and its record: both have the same id.

mod notice;
mod post;
mod round;
mod settle;

use std::collections::BTreeMap;

use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt, stream};
use lambda_runtime::Error;
use shared::app::App;
use shared::dead_letter;
use shared::model::{Delivery, ServiceEvent};
use shared::mq_event::RabbitMqEvent;
use shared::names::ServiceName;
use shared::ports::{DeliveryDue, Event, Outcome, Target};

/// A delivery with its event.
type Due = (Delivery, ServiceEvent);

/// # Errors
/// When the store is away: the whole batch has to come again.
pub async fn handle(app: &App, event: RabbitMqEvent) -> Result<(), Error> {
    let rounds = read(app, &event).await?;
    let due = app.events.due(&rounds).await?;
    let by_service = by_service(&due);
    let services: Vec<ServiceName> = by_service.keys().map(|service| (*service).clone()).collect();
    let targets = app.services.targets(&services, app.clock.now()).await?;
    let outcomes = post_all(app, by_service, &targets).await;
    settle::settle(app, &due, &outcomes).await?;
    tracing::info!(rounds = rounds.len(), posted = outcomes.len(), "batch done");
    Ok(())
}

async fn read(app: &App, event: &RabbitMqEvent) -> Result<Vec<DeliveryDue>, Error> {
    let now = app.clock.now();
    let mut rounds: Vec<DeliveryDue> = Vec::new();
    for (queue, envelope) in dead_letter::readable(app.bus.as_ref(), event, now).await? {
        match envelope.event {
            Event::DeliveryDue(due) if rounds.contains(&due) => {}
            Event::DeliveryDue(due) => rounds.push(due),
            _ => dead_letter::misplaced(app.bus.as_ref(), &queue, &envelope, now).await?,
        }
    }
    Ok(rounds)
}

/// In the order of the batch, higher priorities first.
fn by_service(due: &[Due]) -> BTreeMap<&ServiceName, Vec<&Due>> {
    let mut by_service = BTreeMap::<_, Vec<_>>::new();
    for delivery in due {
        by_service.entry(&delivery.0.service).or_default().push(delivery);
    }
    for deliveries in by_service.values_mut() {
        deliveries.sort_by_key(|(_, event)| std::cmp::Reverse(event.priority));
    }
    by_service
}

/// All services side by side, of each so many posts at once.
async fn post_all(
    app: &App,
    by_service: BTreeMap<&ServiceName, Vec<&Due>>,
    targets: &[Target],
) -> Vec<Outcome> {
    let at_once = app.config.events.target_concurrency;
    let mut services = Vec::new();
    for (service, deliveries) in by_service {
        let target = targets.iter().find(|target| target.service == *service);
        services.push(stream::iter(rounds(app, deliveries, target)).buffered(at_once).collect::<Vec<_>>());
    }
    join_all(services).await.into_iter().flatten().collect()
}

fn rounds<'a>(
    app: &'a App,
    deliveries: Vec<&'a Due>,
    target: Option<&'a Target>,
) -> Vec<BoxFuture<'a, Outcome>> {
    deliveries.into_iter().map(|due| round::make(app, due, target).boxed()).collect()
}
