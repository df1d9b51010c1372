//! The things that Hark keeps, as the stores give them and the wire shows them.

mod api_key;
mod broadcast;
mod entry;
mod event;
mod external;
mod own_events;
mod service;
mod status;
mod support;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::ids::{ConnectionId, MessageId, RoomId, Seq, UserId};

pub use api_key::ApiKeyRecord;
pub use broadcast::{Broadcast, BroadcastKind, BroadcastScope, BroadcastState, BroadcastTally};
pub use entry::{Edited, Entry, Recalled};
pub use event::{
    Attempt, Delivery, DeliveryState, EVENT_PRIORITY_DEFAULT, EVENT_PRIORITY_MAX, EventType, PublishedType,
    ServiceEvent,
};
pub use external::ExternalIdentity;
pub use own_events::{
    HARK, MembersData, MessageEditedData, MessageRecalledData, MessageStoredData, OwnEvent, SessionData,
    UserBannedData, UserCreatedData, UserDeletedData,
};
pub use service::{InstanceHealth, Service, ServiceInstance};
pub use status::Status;
pub use support::{
    BusinessHours, CannedReply, ClosedBy, Note, OpenHours, QueuePlace, Session, SessionState, StaffMember,
    Strategy, Team, Visitor,
};

/// What a user is; each role carries a default set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Visitor,
    Staff,
    Service,
    Admin,
}

impl Role {
    /// May serve visitors.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Staff | Self::Admin)
    }

    /// Nobody manages a user of a higher one.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Visitor => 0,
            Self::User => 1,
            Self::Staff | Self::Service => 2,
            Self::Admin => 3,
        }
    }
}

/// A user as everyone may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub username: String,
    /// Shown as `sender_name`; the user name when none was given.
    pub nickname: String,
}

/// A user's own record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    #[serde(flatten)]
    pub user: User,
    #[schema(required)]
    pub email: Option<String>,
    pub role: Role,
    pub created_at: UnixMs,
    /// Tokens carry the version they were made under; a higher one here revokes them.
    #[serde(skip)]
    pub token_version: i64,
    /// When they were revoked last: tokens of other issuers carry no version.
    #[serde(skip)]
    pub revoked_at: Option<UnixMs>,
    /// Banned from everything until then.
    #[serde(skip)]
    pub banned_until: Option<UnixMs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomType {
    /// The one room of a pair.
    Direct,
    /// Joined by being added.
    Group,
    /// Has a unique name; anyone may join.
    Public,
    /// A customer-service session.
    Support,
}

/// A member's place in a room; ordered, so that `>=` reads as "at least".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    Member,
    Admin,
    Owner,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Room {
    pub id: RoomId,
    #[serde(rename = "type")]
    pub kind: RoomType,
    /// None for a direct room.
    #[schema(required)]
    pub name: Option<String>,
    pub description: String,
    /// The last entry of the log, 0 when empty.
    pub last_seq: Seq,
    /// Whether members see what was said before they joined.
    pub history_before_joining: bool,
    #[schema(required)]
    pub created_by: Option<UserId>,
    pub created_at: UnixMs,
    pub member_count: i64,
    #[serde(skip)]
    pub members_version: i64,
}

/// One user's membership of one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub role: MemberRole,
    /// Entries up to here are read.
    pub read_seq: Seq,
    /// The room's `last_seq` when they joined.
    pub joined_seq: Seq,
}

/// A room as a member sees it in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RoomSummary {
    #[serde(flatten)]
    pub room: Room,
    /// The viewer's role; None when they look from outside.
    #[schema(required)]
    pub role: Option<MemberRole>,
    pub read_seq: Seq,
    pub unread_count: i64,
    #[schema(required)]
    pub last_message: Option<Message>,
    /// In a direct room, the other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<User>,
}

/// Somebody whom a user wants nothing from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Blocked {
    #[serde(flatten)]
    pub user: User,
    pub blocked_at: UnixMs,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    #[serde(flatten)]
    pub user: User,
    pub role: MemberRole,
    pub joined_at: UnixMs,
    pub read_seq: Seq,
}

/// A message as the wire shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub seq: Seq,
    pub sender_id: UserId,
    pub sender_name: String,
    /// `text`, `image`, `file` or the client's own word.
    pub kind: String,
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// A JSON object, passed on untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    pub timestamp: UnixMs,
    /// When its sender last changed the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<UnixMs>,
    /// Taken back: the content is empty, `reply_to` and `metadata` are gone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recalled: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Where a connection can be posted to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    pub connection: ConnectionId,
    /// The `@connections` base URL of the API (or runner) that holds the socket.
    pub endpoint: String,
    pub connected_at: UnixMs,
}

/// A live connection of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    pub user: UserId,
    pub address: Address,
}

/// What pages of lists are made of.
pub trait Listed {
    /// Under which name a page of them stands in an answer.
    const LIST: &'static str;
    /// Whether it may be unknown what stands on one.
    const MAY_BE_UNKNOWN: bool = false;
}

macro_rules! listed {
    ($($item:ty: $list:literal),+ $(,)?) => {$(
        impl Listed for $item {
            const LIST: &'static str = $list;
        }
    )+};
}

listed!(
    Account: "service_accounts", Blocked: "blocks", CannedReply: "replies", Member: "members", Message: "messages",
    Note: "notes", RoomSummary: "rooms", Service: "services", Session: "sessions", StaffMember: "staff",
);

/// A slice of a list, with the length of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub total: i64,
}

/// Which slice: `number` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub number: u32,
    /// 1 to 100.
    pub size: u32,
}

impl Page {
    /// How many rows stand before the page.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number.saturating_sub(1)) * i64::from(self.size)
    }
}
