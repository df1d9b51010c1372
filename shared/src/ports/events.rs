use std::ops::RangeInclusive;

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{DeliveryDue, StoreError};
use crate::clock::UnixMs;
use crate::ids::{DeliveryId, EventId, UserId};
use crate::model::{Attempt, Delivery, DeliveryState, EventType, ServiceEvent};
use crate::names::ServiceName;

/// How long after it was due a delivery counts as overdue, in milliseconds.
pub const DELIVERY_OVERDUE_MS: i64 = 10_000;
/// How much later a delivery that was claimed may be claimed again, in milliseconds: long enough for a queue
/// that is full, which must not be filled with repeats.
pub const DELIVERY_AGAIN_MS: i64 = 60_000;

/// An event to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub id: EventId,
    pub kind: EventType,
    pub source_service: ServiceName,
    pub target_service: Option<ServiceName>,
    /// An object.
    pub data: Value,
    pub priority: u8,
    pub published_by: Option<UserId>,
    /// The same id with another digest is a conflict.
    pub digest: [u8; 32],
}

impl NewEvent {
    /// Of everything that a publisher chose.
    #[must_use]
    pub fn digest_of(
        kind: EventType,
        source: &ServiceName,
        target: Option<&ServiceName>,
        data: &Value,
        priority: u8,
    ) -> [u8; 32] {
        let body = (kind, source, target, data, priority);
        Sha256::digest(serde_json::to_vec(&body).unwrap_or_default()).into()
    }

    /// As it is stored at that time.
    #[must_use]
    pub fn stored_at(&self, created_at: UnixMs) -> ServiceEvent {
        ServiceEvent {
            id: self.id.clone(),
            kind: self.kind,
            source_service: self.source_service.clone(),
            target_service: self.target_service.clone(),
            data: self.data.clone(),
            priority: self.priority,
            published_by: self.published_by,
            created_at,
        }
    }
}

/// An event with those whom it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    pub event: ServiceEvent,
    /// By service.
    pub deliveries: Vec<Delivery>,
}

impl StoredEvent {
    /// What is to be put on the bus: the deliveries that nobody has tried yet.
    pub fn due(&self) -> impl Iterator<Item = DeliveryDue> {
        let fresh = self
            .deliveries
            .iter()
            .filter(|delivery| delivery.state == DeliveryState::Pending && delivery.rounds == 0);
        fresh.map(|delivery| delivery.due(self.event.priority))
    }
}

impl Delivery {
    /// Its next round, for the bus.
    #[must_use]
    pub const fn due(&self, priority: u8) -> DeliveryDue {
        DeliveryDue { delivery: self.id, round: self.rounds + 1, priority }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The id was used for another event; nothing of the batch was stored.
    #[error("the id {0} was used for another event")]
    Conflict(EventId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which events are asked for; None: whichever.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    pub kind: Option<EventType>,
    pub source_service: Option<ServiceName>,
    pub target_service: Option<ServiceName>,
    /// Published at that time or later ...
    pub from: Option<UnixMs>,
    /// ... and before that one.
    pub until: Option<UnixMs>,
    pub priority_min: Option<u8>,
}

/// What became of one round of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub delivery: DeliveryId,
    /// The round, counted from 1; if another was recorded meanwhile nothing is written.
    pub round: u32,
    /// Every post of the round, in order.
    pub attempts: Vec<Attempt>,
    pub next: Next,
}

/// How a delivery goes on after a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Delivered,
    /// Another round at that time.
    Again(UnixMs),
    /// Given up, for that reason.
    Dead(String),
}

impl Next {
    /// The word of the delivery's state from then on.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Again(_) => "pending",
            Self::Dead(_) => "dead",
        }
    }

    #[must_use]
    pub const fn due_at(&self) -> Option<UnixMs> {
        match self {
            Self::Again(due_at) => Some(*due_at),
            Self::Delivered | Self::Dead(_) => None,
        }
    }

    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Dead(reason) => Some(reason),
            Self::Delivered | Self::Again(_) => None,
        }
    }
}

/// Events between services, and the deliveries of each: one for the service that it names and one for every
/// service that subscribed to its type when it was published.
#[async_trait]
pub trait Events: Send + Sync {
    /// Stores all of them with their deliveries in one commit, or none. An event that was stored before is answered
    /// as it stands, and so is one that stands in `new` twice. The answers are in the order of `new`.
    ///
    /// # Errors
    /// `Conflict`, naming the first id that was used for another event.
    async fn publish_events(&self, new: &[NewEvent], now: UnixMs) -> Result<Vec<StoredEvent>, EventsError>;

    /// Up to `limit` events, newest first; `before` is the last one of the page before. After one that isn't there
    /// any more comes nothing.
    async fn events(
        &self,
        filter: &EventFilter,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<ServiceEvent>, StoreError>;

    async fn event(&self, id: &EventId) -> Result<Option<ServiceEvent>, StoreError>;

    /// The event's deliveries by service, each with its attempts in order.
    async fn deliveries(&self, id: &EventId) -> Result<Vec<(Delivery, Vec<Attempt>)>, StoreError>;

    /// Up to `limit` deliveries that were given up, with their events, newest first; before the one of `before`.
    async fn dead(
        &self,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError>;

    /// Those of the rounds that are still to be made, with their events, in one statement.
    async fn due(&self, rounds: &[DeliveryDue]) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError>;

    /// Writes down what became of rounds, in one statement. Answers the deliveries that were written: the others
    /// are settled, or at another round.
    async fn record(&self, outcomes: &[Outcome], now: UnixMs) -> Result<Vec<DeliveryId>, StoreError>;

    /// Takes up to `limit` pending deliveries that fell due within a span, longest due first, and puts them off by
    /// [`DELIVERY_AGAIN_MS`], so that two sweepers never publish the same one at once.
    async fn claim_overdue(
        &self,
        due: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<DeliveryDue>, StoreError>;

    /// Makes the event's dead deliveries pending again, or that of one service, due now.
    async fn revive(
        &self,
        id: &EventId,
        service: Option<&ServiceName>,
        now: UnixMs,
    ) -> Result<Vec<DeliveryDue>, StoreError>;

    /// Removes up to `limit` events from before `before` that are on their way to nobody any more; answers how many.
    async fn expire_events(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError>;

    /// The types that some service has subscribed to.
    async fn subscribed(&self) -> Result<Vec<EventType>, StoreError>;

    /// How many deliveries were given up.
    async fn dead_deliveries(&self) -> Result<i64, StoreError>;

    /// How many deliveries are pending, and since when the longest due one is.
    async fn event_backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError>;
}
