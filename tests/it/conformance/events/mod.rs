//! The rules of `Events`.

mod history;
mod publishing;
mod rounds;
mod sweeping;

use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::ids::EventId;
use shared::model::{Attempt, Delivery, DeliveryState, EventType};
use shared::names::ServiceName;
use shared::ports::{DeliveryDue, NewEvent, Next, Outcome, StoredEvent};

use super::stores::{NOW, Stores};

pub(super) fn service(name: &str) -> ServiceName {
    ServiceName::parse(name).unwrap()
}

pub(super) fn id(text: &str) -> EventId {
    EventId::parse(text).unwrap()
}

/// A `user_action` of `chat` for whoever subscribed to it.
pub(super) fn event(name: &str) -> NewEvent {
    of(name, EventType::UserAction, None, json!({"said": name}))
}

/// The same for a service that it names.
pub(super) fn event_to(name: &str, target: &str) -> NewEvent {
    of(name, EventType::UserAction, Some(target), json!({"said": name}))
}

pub(super) fn of(name: &str, kind: EventType, target: Option<&str>, data: Value) -> NewEvent {
    let (source_service, target_service, priority) = (service("chat"), target.map(service), 5);
    let digest = NewEvent::digest_of(kind, &source_service, target_service.as_ref(), &data, priority);
    NewEvent {
        id: id(name),
        kind,
        source_service,
        target_service,
        data,
        priority,
        published_by: None,
        digest,
    }
}

impl Stores {
    /// Stores one event at a moment of its own.
    pub(super) async fn publish(&self, new: NewEvent) -> StoredEvent {
        self.publish_at(new, self.tick()).await
    }

    pub(super) async fn publish_at(&self, new: NewEvent, now: UnixMs) -> StoredEvent {
        self.events.publish_events(&[new], now).await.expect("publish").remove(0)
    }

    /// An event for one service: the round that is due.
    pub(super) async fn round(&self, name: &str) -> DeliveryDue {
        let stored = self.publish(event_to(name, "knowledge")).await;
        let mut due = stored.due();
        due.next().expect("it goes to somebody")
    }

    pub(super) async fn subscribe(&self, name: &str, types: &[EventType]) {
        let at = if self.is_postgres() { "now()" } else { "0" };
        self.execute(&format!(
            "insert into services (name, secret, created_at) values ('{name}', 's', {at})"
        ))
        .await;
        for kind in types {
            let kind = kind.name();
            self.execute(&format!(
                "insert into service_subscriptions (service, event_type) values ('{name}', '{kind}')"
            ))
            .await;
        }
    }

    pub(super) async fn record(&self, due: &DeliveryDue, next: Next) -> bool {
        let attempts = vec![attempt(due.round, None)];
        let outcome = Outcome { delivery: due.delivery, round: due.round, attempts, next };
        self.events.record(&[outcome], NOW.plus(1_000)).await.expect("record") == [due.delivery]
    }

    pub(super) async fn delivery(&self, event: &str) -> (Delivery, Vec<Attempt>) {
        self.events.deliveries(&id(event)).await.expect("read").remove(0)
    }
}

/// A post that failed with that status, or wasn't answered.
pub(super) fn attempt(round: u32, status: Option<u16>) -> Attempt {
    let url = Some("http://10.0.0.1:8010/events".to_owned());
    Attempt { round, url, at: NOW.plus(7), took_ms: 12, status, error: Some("why".to_owned()) }
}

/// The services of an event's deliveries, each with its state.
pub(super) fn addressed(stored: &StoredEvent) -> Vec<(&str, DeliveryState)> {
    stored.deliveries.iter().map(|delivery| (delivery.service.as_str(), delivery.state)).collect()
}
