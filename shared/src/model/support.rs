use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Status, User};
use crate::clock::UnixMs;
use crate::ids::{NoteId, ReplyId, RoomId, SessionId, UserId};

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Waits for somebody to have a place free.
    Queued,
    /// Somebody serves it.
    Active,
    Closed,
}

/// What ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    Visitor,
    Staff,
    /// Nothing was said for a long time.
    Idle,
    /// The visitor's account is gone.
    System,
}

/// A visitor's talk with those who serve: a room of its own, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub id: SessionId,
    pub room_id: RoomId,
    pub visitor: User,
    /// Empty: the one desk.
    pub team: String,
    pub subject: String,
    pub state: SessionState,
    /// Who serves it; of a closed one, who served it last.
    #[schema(required)]
    pub staff: Option<User>,
    pub opened_at: UnixMs,
    /// Of the first time that anybody got it: waiting ended there.
    #[schema(required)]
    pub first_assigned_at: Option<UnixMs>,
    #[schema(required)]
    pub assigned_at: Option<UnixMs>,
    #[schema(required)]
    pub closed_at: Option<UnixMs>,
    #[schema(required)]
    pub closed_by: Option<ClosedBy>,
    /// 1 to 5.
    #[schema(required)]
    pub rating: Option<u8>,
    #[schema(required)]
    pub comment: Option<String>,
    /// Came outside of business hours.
    pub out_of_hours: bool,
}

/// Where a session stands in its team's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueuePlace {
    #[serde(rename = "session_id")]
    pub session: SessionId,
    #[serde(skip)]
    pub visitor: UserId,
    /// 1 is next.
    pub position: i64,
    /// How many are before it.
    pub ahead: i64,
    /// Seconds, from how long sessions took lately and how many places there are; null while nobody serves.
    #[schema(required)]
    pub estimated_wait_s: Option<i64>,
}

/// Somebody who serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffMember {
    #[serde(flatten)]
    pub user: User,
    pub team: String,
    pub status: Status,
    pub status_since: UnixMs,
    /// Sessions they have now.
    pub sessions: i64,
    /// As many as they may have.
    pub max_sessions: u32,
}

/// How a team gives out its sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// To whoever has the fewest; of several, who is idle for longest.
    #[default]
    LeastSessions,
    /// To whoever got one longest ago.
    RoundRobin,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Empty: the one desk.
    pub name: String,
    pub strategy: Strategy,
    /// None: always open.
    #[schema(required)]
    pub hours: Option<BusinessHours>,
    /// Said to who comes outside of them.
    #[schema(required)]
    pub offline_message: Option<String>,
}

/// When a team serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BusinessHours {
    /// As the IANA names it, for example `Asia/Shanghai`.
    pub time_zone: String,
    pub week: Vec<OpenHours>,
}

/// A span of a weekday; one that ends at or before its beginning lasts into the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenHours {
    /// 1 is Monday, 7 Sunday (ISO 8601).
    #[schema(minimum = 1, maximum = 7)]
    pub day: u8,
    /// `09:00`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub from: String,
    /// `18:00`; not included.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    pub to: String,
}

/// Who somebody without an account is, for those who serve them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Visitor {
    #[serde(flatten)]
    pub user: User,
    #[schema(required)]
    pub page: Option<serde_json::Value>,
    #[schema(required)]
    pub metadata: Option<serde_json::Value>,
    #[schema(required)]
    pub last_staff: Option<UserId>,
}

/// What staff note of a session for each other; visitors never see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    pub id: NoteId,
    pub author: User,
    pub content: String,
    pub created_at: UnixMs,
}

/// A text kept ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CannedReply {
    pub id: ReplyId,
    /// Empty: for every team.
    pub team: String,
    pub shortcut: String,
    pub content: String,
}
