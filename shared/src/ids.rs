//! Identifiers as newtypes, so that a room's id is never taken for a user's.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock::UnixMs;
use crate::contract;

/// Longest id that a client may give one of its frames, in characters.
pub const CLIENT_ID_MAX_CHARS: usize = 128;

macro_rules! integer_id {
    ($(#[doc = $doc:literal])* $name:ident from $least:literal) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                contract::number($least, concat!($($doc),*)).into()
            }
        }

        impl ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A user: an identity column of `users`.
    UserId from 1
);
integer_id!(
    /// A room: an identity column of `rooms`.
    RoomId from 1
);
integer_id!(
    /// The place of an entry in its room's log: 1, 2, 3 ... without gaps.
    Seq from 0
);
integer_id!(
    /// A row of `outbox`.
    OutboxId from 1
);
integer_id!(
    /// A customer-service session: an identity column of `sessions`.
    SessionId from 1
);
integer_id!(
    /// A note that staff made of a session.
    NoteId from 1
);
integer_id!(
    /// A canned reply.
    ReplyId from 1
);
integer_id!(
    /// A key of a service account: a row of `api_keys`.
    ApiKeyId from 1
);
integer_id!(
    /// An event on its way to one service: a row of `event_deliveries`.
    DeliveryId from 1
);
integer_id!(
    /// A device that takes pushes: a row of `push_subscriptions`.
    PushSubscriptionId from 1
);

/// A message: a UUIDv7, so that ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// A fresh id, later in order than every id made before it here.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// An id made at that time, which stands at its head: ids sort by it, and what is older than a time has
    /// an id below [`MessageId::first_at`].
    #[must_use]
    pub fn at(now: UnixMs) -> Self {
        let (seconds, ms) = (now.0.div_euclid(1000), now.0.rem_euclid(1000));
        let seconds = u64::try_from(seconds).unwrap_or(0);
        // Below 1000 before, below 10^9 after.
        let nanos = u32::try_from(ms * 1_000_000).unwrap_or(0);
        Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)))
    }

    /// Not an id, but where those of that time begin.
    #[must_use]
    pub fn first_at(now: UnixMs) -> Self {
        let ms = u64::try_from(now.0).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A UUIDv7, later in order than every one made before it here.
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A running copy of a service: a row of `service_instances`.
    InstanceId
);
uuid_id!(
    /// A broadcast: a row of `broadcasts`.
    BroadcastId
);

/// Longest id of an event, in characters.
pub const EVENT_ID_MAX_CHARS: usize = 64;

/// An event between services: a UUIDv7, or what its publisher chose. Without a full stop, which the signature
/// of Standard Webhooks puts around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

impl PartialSchema for EventId {
    fn schema() -> RefOr<Schema> {
        contract::text(1..=EVENT_ID_MAX_CHARS, "^[A-Za-z0-9_:-]+$", "An event between services.").into()
    }
}

impl ToSchema for EventId {}

impl EventId {
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// Takes 1 to [`EVENT_ID_MAX_CHARS`] ASCII letters, digits, `_`, `-` and `:`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.len() {
            0 => Err("must not be empty".to_owned()),
            n if n > EVENT_ID_MAX_CHARS => Err(format!("has {n} characters, {EVENT_ID_MAX_CHARS} at most")),
            _ if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:".contains(&b)) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("may hold ASCII letters, digits, '_', '-' and ':' only".to_owned()),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A WebSocket connection as API Gateway names it, for example `L0SM9cOFvHcCIhw=`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub String);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id that a sender gives a message, unique per room and sender: what makes sending idempotent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientMessageId(String);

impl PartialSchema for ClientMessageId {
    fn schema() -> RefOr<Schema> {
        contract::text(1..=CLIENT_ID_MAX_CHARS, "", "What makes a repeat known as one.").into()
    }
}

impl ToSchema for ClientMessageId {}

impl ClientMessageId {
    /// Takes 1 to [`CLIENT_ID_MAX_CHARS`] characters.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.chars().count() {
            0 => Err("must not be empty".to_owned()),
            n if n > CLIENT_ID_MAX_CHARS => Err(format!("has {n} characters, {CLIENT_ID_MAX_CHARS} at most")),
            _ if text.contains('\0') => Err("must not contain a NUL character".to_owned()),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Stands in for the id of a frame that has none: the gateway's connection and message ids, so that
    /// an event run twice stores once.
    #[must_use]
    pub fn of_gateway(connection: &ConnectionId, message_id: &str) -> Self {
        Self(format!("gateway:{connection}:{message_id}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientMessageId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ClientMessageId> for String {
    fn from(id: ClientMessageId) -> Self {
        id.0
    }
}

/// An id or a name in its place. Names made of digits are refused when they are given, so a string of
/// digits is an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOr<Id> {
    Id(Id),
    Name(String),
}

/// A user by id or user name.
pub type UserRef = NameOr<UserId>;
/// A room by id or, for a public one, by name.
pub type RoomRef = NameOr<RoomId>;
/// A room or a user, whichever another field says.
pub type RoomOrUserRef = NameOr<i64>;

impl<Id: From<i64>> NameOr<Id> {
    /// Reads a path segment or query value.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), |id: i64| Self::Id(id.into()))
    }
}

macro_rules! id_or_name {
    ($(#[doc = $doc:literal])* $id:ident as $name:literal) => {
        impl PartialSchema for NameOr<$id> {
            fn schema() -> RefOr<Schema> {
                let name = contract::words("A name.");
                let id = Ref::from_schema_name($id::name());
                AnyOfBuilder::new().item(id).item(name).description(Some(concat!($($doc),*).trim())).into()
            }
        }

        impl ToSchema for NameOr<$id> {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn schemas(schemas: &mut contract::Schemas) {
                contract::add::<$id>(schemas);
            }
        }
    };
}

id_or_name!(
    /// A user by id or user name.
    UserId as "UserRef"
);
id_or_name!(
    /// A room by id or, for a public one, by name.
    RoomId as "RoomRef"
);

impl PartialSchema for NameOr<i64> {
    fn schema() -> RefOr<Schema> {
        let id = contract::number(1, "An id.");
        AnyOfBuilder::new().item(id).item(contract::words("A name.")).into()
    }
}

impl ToSchema for NameOr<i64> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RoomOrUserRef")
    }
}

impl From<i64> for UserId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl From<i64> for RoomId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl<'de, Id: From<i64>> Deserialize<'de> for NameOr<Id> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<Id>(std::marker::PhantomData<Id>);
        impl<Id: From<i64>> serde::de::Visitor<'_> for Either<Id> {
            type Value = NameOr<Id>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer id or a name")
            }
            fn visit_i64<E>(self, id: i64) -> Result<Self::Value, E> {
                Ok(NameOr::Id(id.into()))
            }
            fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<Self::Value, E> {
                i64::try_from(id)
                    .map(|id| NameOr::Id(id.into()))
                    .map_err(|_| E::custom("the id is out of range"))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(NameOr::parse(text))
            }
        }
        deserializer.deserialize_any(Either(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_tells_when_it_was_made() {
        let now = UnixMs(1_800_000_000_123);
        let id = MessageId::at(now);
        assert!(MessageId::first_at(now) < id && id < MessageId::first_at(now.plus(1)));
        assert_eq!(id.0.get_version_num(), 7);
        assert_ne!(MessageId::at(now), id);
    }
}
