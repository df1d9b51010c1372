use std::collections::{BTreeMap, BTreeSet};

use lambda_runtime::Error;
use serde_json::json;
use shared::app::App;
use shared::ids::DeliveryId;
use shared::model::{Delivery, ServiceEvent};
use shared::ports::{Delay, DeliveryDue, Event, Next, Outcome, QUEUE_EVENTS};
use shared::telemetry::Metric;

use crate::Due;
use crate::round::delay_after;

/// Writes down what became of all rounds in one statement, and puts those on the bus that go on.
///
/// # Errors
/// When the store is away. A bus that is away is no error: the rows say when the next round is due.
pub(crate) async fn settle(app: &App, due: &[Due], outcomes: &[Outcome]) -> Result<(), Error> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let written: BTreeSet<DeliveryId> =
        app.events.record(outcomes, app.clock.now()).await?.into_iter().collect();
    let written = outcomes.iter().filter(|outcome| written.contains(&outcome.delivery));
    let mut again = BTreeMap::<Delay, Vec<Event>>::new();
    for outcome in written {
        let Some((delivery, event)) = due.iter().find(|(delivery, _)| delivery.id == outcome.delivery) else {
            continue;
        };
        metric(&outcome.next).add(1);
        match &outcome.next {
            Next::Delivered => {}
            Next::Again(_) => {
                if let Some(delay) = delay_after(delivery) {
                    again.entry(delay).or_default().push(next_round(outcome, event));
                }
            }
            Next::Dead(reason) => bury(app, delivery, event, reason).await,
        }
    }
    for (delay, events) in again {
        if let Err(error) = app.bus.publish_after(&events, delay, app.clock.now()).await {
            tracing::warn!(%error, deliveries = events.len(), "the next rounds are left to upkeep");
        }
    }
    Ok(())
}

const fn metric(next: &Next) -> Metric {
    match next {
        Next::Delivered => Metric::EventsDelivered,
        Next::Again(_) => Metric::EventsFailed,
        Next::Dead(_) => Metric::EventsDead,
    }
}

fn next_round(outcome: &Outcome, event: &ServiceEvent) -> Event {
    let round = outcome.round + 1;
    Event::DeliveryDue(DeliveryDue { delivery: outcome.delivery, round, priority: event.priority })
}

/// What it said stays in the store, where it is replayed from.
async fn bury(app: &App, delivery: &Delivery, event: &ServiceEvent, reason: &str) {
    let body = json!({
        "delivery": delivery.id,
        "event_id": event.id,
        "type": event.kind,
        "service_name": delivery.service,
    });
    tracing::warn!(event = %event.id, service = delivery.service.as_str(), reason, "a delivery was given up");
    let body = body.to_string();
    if let Err(error) = app.bus.dead_letter(QUEUE_EVENTS, body.as_bytes(), reason, app.clock.now()).await {
        tracing::warn!(%error, event = %event.id, "its dead letter is missing; the row says it all");
    }
}
