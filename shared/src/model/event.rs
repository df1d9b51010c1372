use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::clock::UnixMs;
use crate::ids::{DeliveryId, EventId, UserId};
use crate::names::ServiceName;

/// What an event is about. The first six are what services publish, in the documents' words; the others are
/// Hark's own, told of what happens in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    #[serde(rename = "user_action")]
    UserAction,
    #[serde(rename = "service_request")]
    ServiceRequest,
    #[serde(rename = "service_response")]
    ServiceResponse,
    #[serde(rename = "system_event")]
    SystemEvent,
    #[serde(rename = "error_event")]
    ErrorEvent,
    #[serde(rename = "notification")]
    Notification,
    #[serde(rename = "message.stored")]
    MessageStored,
    #[serde(rename = "message.edited")]
    MessageEdited,
    #[serde(rename = "message.recalled")]
    MessageRecalled,
    #[serde(rename = "member.joined")]
    MemberJoined,
    #[serde(rename = "member.left")]
    MemberLeft,
    #[serde(rename = "session.opened")]
    SessionOpened,
    #[serde(rename = "session.assigned")]
    SessionAssigned,
    #[serde(rename = "session.returned")]
    SessionReturned,
    #[serde(rename = "session.transferred")]
    SessionTransferred,
    #[serde(rename = "session.closed")]
    SessionClosed,
    #[serde(rename = "session.rated")]
    SessionRated,
    #[serde(rename = "user.created")]
    UserCreated,
    #[serde(rename = "user.banned")]
    UserBanned,
    #[serde(rename = "user.deleted")]
    UserDeleted,
}

use EventType as T;

const EVERY: [(T, &str); 20] = [
    (T::UserAction, "user_action"),
    (T::ServiceRequest, "service_request"),
    (T::ServiceResponse, "service_response"),
    (T::SystemEvent, "system_event"),
    (T::ErrorEvent, "error_event"),
    (T::Notification, "notification"),
    (T::MessageStored, "message.stored"),
    (T::MessageEdited, "message.edited"),
    (T::MessageRecalled, "message.recalled"),
    (T::MemberJoined, "member.joined"),
    (T::MemberLeft, "member.left"),
    (T::SessionOpened, "session.opened"),
    (T::SessionAssigned, "session.assigned"),
    (T::SessionReturned, "session.returned"),
    (T::SessionTransferred, "session.transferred"),
    (T::SessionClosed, "session.closed"),
    (T::SessionRated, "session.rated"),
    (T::UserCreated, "user.created"),
    (T::UserBanned, "user.banned"),
    (T::UserDeleted, "user.deleted"),
];

impl EventType {
    /// As on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        EVERY[self as usize].1
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        EVERY.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Whether services may publish it; the others only Hark does.
    #[must_use]
    pub const fn is_published(self) -> bool {
        matches!(
            self,
            T::UserAction
                | T::ServiceRequest
                | T::ServiceResponse
                | T::SystemEvent
                | T::ErrorEvent
                | T::Notification
        )
    }

    /// All of them, the published ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        EVERY.iter().map(|(kind, _)| *kind)
    }
}

/// Those that services may publish.
pub struct PublishedType;

impl PartialSchema for PublishedType {
    fn schema() -> RefOr<Schema> {
        let names = EventType::all().filter(|kind| kind.is_published()).map(EventType::name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for PublishedType {}

/// The priority of an event that names none.
pub const EVENT_PRIORITY_DEFAULT: u8 = 5;
/// The highest; 0 is the lowest.
pub const EVENT_PRIORITY_MAX: u8 = 9;

/// What one service tells others, or Hark tells them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ServiceEvent {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub source_service: ServiceName,
    /// None: only for those who subscribed to its type.
    #[schema(required)]
    pub target_service: Option<ServiceName>,
    #[schema(value_type = Object)]
    pub data: Value,
    /// 0 to [`EVENT_PRIORITY_MAX`]; higher overtakes lower.
    pub priority: u8,
    /// Who published it; None: Hark itself.
    #[schema(required)]
    pub published_by: Option<UserId>,
    pub created_at: UnixMs,
}

/// How far an event has come on its way to one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Given up after the last retry; it can be replayed.
    Dead,
}

/// An event on its way to one service.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Delivery {
    pub id: DeliveryId,
    #[serde(skip)]
    pub event: EventId,
    pub service: ServiceName,
    pub state: DeliveryState,
    /// Rounds so far; each may have tried several instances.
    pub rounds: u32,
    /// Those that were behind it when it was last made pending again: the limit counts from here.
    #[serde(skip)]
    pub revived_after: u32,
    /// When the next round is due, while it is pending.
    pub due_at: UnixMs,
    /// When it was delivered or given up.
    #[schema(required)]
    pub settled_at: Option<UnixMs>,
    /// Why it is dead.
    #[schema(required)]
    pub reason: Option<String>,
}

/// One post of an event to one instance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Attempt {
    /// Counted from 1.
    pub round: u32,
    /// Where it was posted; None: the service had no instance that it could be posted to.
    #[schema(required)]
    pub url: Option<String>,
    pub at: UnixMs,
    pub took_ms: u32,
    /// What the instance answered; None: nothing.
    #[schema(required)]
    pub status: Option<u16>,
    /// Why it counts as failed; None: it doesn't.
    #[schema(required)]
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_name_on_the_wire_and_stands_in_its_place() {
        for (at, (kind, name)) in EVERY.iter().enumerate() {
            assert_eq!(*kind as usize, at);
            assert_eq!((kind.name(), EventType::named(name)), (*name, Some(*kind)));
            assert_eq!(serde_json::to_value(kind).unwrap(), *name);
            assert_eq!(kind.is_published(), !name.contains('.'), "{name}");
        }
        assert_eq!(EventType::named("coffee_break"), None);
    }
}
