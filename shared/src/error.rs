//! The error table of the wire: every code once, with its HTTP status and whether to retry.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::UnixMs;
use crate::config::ConfigError;
use crate::ids::{MessageId, RoomId, Seq, UserId};
use crate::ports::{
    AccountsError, ApiKeysError, BlocksError, BroadcastsError, DeskError, EventsError, MessagesError,
    RepliesError, RoomsError, ServicesError, StoreError, SubscriptionsError,
};

/// Who is blocked learns no more: neither that they are, nor by whom.
const BLOCKED: &str = "not possible with this user";

/// What a client is told. The same codes go over the socket (`error` frames) and over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErrorCode)]
pub enum Code {
    Invalid,
    TooLarge,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    RateLimited,
    Rejected,
    NotBroadcast,
    Unavailable,
    Internal,
}

/// One row of the table.
pub struct Row {
    pub code: Code,
    /// As on the wire.
    pub name: &'static str,
    pub status: u16,
    /// Whether the same request may succeed later, unchanged.
    pub retry: bool,
    pub meaning: &'static str,
}

const fn row(code: Code, name: &'static str, status: u16, retry: bool, meaning: &'static str) -> Row {
    Row { code, name, status, retry, meaning }
}

/// Every code, in the order of [`Code`].
pub const TABLE: [Row; 11] = [
    row(Code::Invalid, "invalid", 400, false, "A field is missing or malformed; the message names it."),
    row(Code::TooLarge, "too_large", 413, false, "The frame, body or field is over its limit."),
    row(
        Code::Unauthenticated,
        "unauthenticated",
        401,
        false,
        "No token, or one that is bad, expired or revoked.",
    ),
    row(Code::Forbidden, "forbidden", 403, false, "Known, but not allowed to do this."),
    row(Code::NotFound, "not_found", 404, false, "No such thing, or none that the caller may see."),
    row(
        Code::Conflict,
        "conflict",
        409,
        false,
        "It clashes with what is stored: a name taken, or an id reused with another body.",
    ),
    row(Code::RateLimited, "rate_limited", 429, true, "Too many; try again after `retry_after_ms`."),
    row(Code::Rejected, "rejected", 422, false, "Moderation refused the content."),
    row(
        Code::NotBroadcast,
        "not_broadcast",
        503,
        false,
        "Stored, and delivered when Redis is back: do not send it again.",
    ),
    row(Code::Unavailable, "unavailable", 503, true, "A service that is needed is away; nothing was stored."),
    row(Code::Internal, "internal", 500, true, "A fault on our side; the log has it under the request id."),
];

impl Code {
    /// The code's row of [`TABLE`].
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// Where a message that could not be broadcast was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stored {
    pub message_id: MessageId,
    pub room_id: RoomId,
    pub seq: Seq,
    pub persisted: bool,
}

/// What a handler answers when it can't do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub code: Code,
    /// One sentence for the client; says nothing of the inside.
    pub message: String,
    pub retry_after_ms: Option<u64>,
    /// Until when the caller is banned.
    pub until: Option<UnixMs>,
    /// Only with `not_broadcast`.
    pub stored: Option<Box<Stored>>,
}

impl Error {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, until: None, stored: None }
    }

    /// A field that is wrong: `field` is its path, `problem` what is wrong with it.
    #[must_use]
    pub fn invalid(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(Code::Invalid, format!("{field}: {problem}"))
    }

    #[must_use]
    pub fn too_large(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(Code::TooLarge, format!("{field}: {problem}"))
    }

    #[must_use]
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// `user` is one whom nobody writes to or adds but by their session.
    #[must_use]
    pub fn visitor(field: &str, user: UserId) -> Self {
        Self::forbidden(format!(
            "{field}: user {user} is a visitor, who is reached through their session alone"
        ))
    }

    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    #[must_use]
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let mut error = Self::new(Code::RateLimited, "too many frames, slow down");
        error.retry_after_ms = Some(retry_after_ms);
        error
    }

    /// The caller is kept out; `from` is of what.
    #[must_use]
    pub fn banned(from: &str, until: UnixMs) -> Self {
        let mut error = Self::forbidden(format!("banned from {from}"));
        error.until = Some(until);
        error
    }

    /// A service is away and nothing was stored; the client may try again in a second.
    #[must_use]
    pub fn unavailable() -> Self {
        let mut error = Self::new(Code::Unavailable, "a service is away, try again");
        error.retry_after_ms = Some(1000);
        error
    }

    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "internal error")
    }

    /// Stored, but nobody could be told yet.
    #[must_use]
    pub fn not_broadcast(message_id: MessageId, room_id: RoomId, seq: Seq) -> Self {
        let mut error = Self::new(Code::NotBroadcast, "stored, and delivered as soon as presence is back");
        error.stored = Some(Box::new(Stored { message_id, room_id, seq, persisted: true }));
        error
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        tracing::error!(%error, "a setting that only some requests need");
        Self::internal()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::warn!(reason, "store unavailable");
                Self::unavailable()
            }
            StoreError::Internal(reason) => {
                tracing::error!(reason, "store failed");
                Self::internal()
            }
        }
    }
}

impl From<ApiKeysError> for Error {
    fn from(error: ApiKeysError) -> Self {
        match error {
            ApiKeysError::NotFound => Self::not_found("no such service account or key"),
            ApiKeysError::Full(most) => {
                Self::conflict(format!("the account has {most} keys in force, no more may be"))
            }
            ApiKeysError::Store(error) => error.into(),
        }
    }
}

impl From<AccountsError> for Error {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::UsernameTaken => Self::conflict("username: is taken"),
            AccountsError::EmailTaken => Self::conflict("email: is taken"),
            AccountsError::IdentityTaken => Self::conflict("external: is somebody else's"),
            AccountsError::NotFound => Self::not_found("no such user"),
            AccountsError::InSession => Self::conflict("a session of customer service is open"),
            AccountsError::LastAdmin => Self::conflict("role: the last admin stays one"),
            AccountsError::Store(error) => error.into(),
        }
    }
}

impl From<RoomsError> for Error {
    fn from(error: RoomsError) -> Self {
        match error {
            RoomsError::NotFound => Self::not_found("no such room"),
            RoomsError::NameTaken => Self::conflict("name: a public room of that name exists"),
            RoomsError::UnknownUser(user) => Self::invalid("member_ids", format!("there is no user {user}")),
            RoomsError::Visitor(user) => Self::visitor("member_ids", user),
            RoomsError::NotMember => Self::forbidden("not a member of the room"),
            RoomsError::Private => Self::forbidden("the room is joined by being added"),
            RoomsError::FixedMembers => Self::forbidden("the members of a direct room don't change"),
            RoomsError::Blocked => Self::forbidden(BLOCKED),
            RoomsError::Banned { user, until } => {
                let mut error = Self::forbidden(format!("user {user} is banned from the room"));
                error.until = Some(until);
                error
            }
            RoomsError::Full(most) => Self::conflict(format!("the room is full: {most} members at most")),
            RoomsError::Store(error) => error.into(),
        }
    }
}

impl From<MessagesError> for Error {
    fn from(error: MessagesError) -> Self {
        match error {
            MessagesError::NotMember => Self::forbidden("not a member of the room"),
            MessagesError::Blocked => Self::forbidden(BLOCKED),
            MessagesError::Closed => Self::conflict("the session is closed"),
            MessagesError::Banned => Self::forbidden("banned"),
            MessagesError::Conflict => Self::conflict("id: was used for another message of this room"),
            MessagesError::NoSuchReply => Self::invalid("reply_to", "is not a message of this room"),
            MessagesError::NoSuchMessage => Self::not_found("no such message"),
            MessagesError::NotSender => Self::forbidden("the message is somebody else's"),
            MessagesError::Recalled => Self::conflict("the message was recalled"),
            MessagesError::TooLate => Self::forbidden("the message is too old to be changed"),
            MessagesError::Store(error) => error.into(),
        }
    }
}

impl From<BlocksError> for Error {
    fn from(error: BlocksError) -> Self {
        match error {
            BlocksError::NoUser => Self::not_found("no such user"),
            BlocksError::Full(most) => Self::conflict(format!("{most} blocks at most: take one back first")),
            BlocksError::Store(error) => error.into(),
        }
    }
}

impl From<SubscriptionsError> for Error {
    fn from(error: SubscriptionsError) -> Self {
        match error {
            SubscriptionsError::NoUser => Self::not_found("no such user"),
            SubscriptionsError::Full(most) => {
                Self::conflict(format!("{most} push subscriptions at most: delete one first"))
            }
            SubscriptionsError::Store(error) => error.into(),
        }
    }
}

impl From<DeskError> for Error {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotFound => Self::not_found("no such session"),
            DeskError::Closed => Self::conflict("the session is closed"),
            DeskError::Open => Self::conflict("the session isn't closed yet"),
            DeskError::Rated => Self::conflict("the session was rated"),
            DeskError::NotServing(user) => Self::conflict(format!("to: user {user} doesn't serve now")),
            DeskError::Full { user, most } => {
                Self::conflict(format!("to: user {user} has {most} sessions, which is as many as may be"))
            }
            DeskError::UnknownUser(user) => Self::invalid("user", format!("there is no user {user}")),
            DeskError::Store(error) => error.into(),
        }
    }
}

impl From<ServicesError> for Error {
    fn from(error: ServicesError) -> Self {
        match error {
            ServicesError::Unknown => Self::not_found("no such service"),
            ServicesError::UnknownInstance => Self::not_found("the service has no such instance"),
            ServicesError::Foreign => Self::forbidden("the service belongs to another account"),
            ServicesError::NoneHealthy => {
                let mut error = Self::new(Code::Unavailable, "no instance of the service is healthy");
                error.retry_after_ms = Some(1000);
                error
            }
            ServicesError::Full(most) => {
                Self::conflict(format!("{most} services at most: unregister one first"))
            }
            ServicesError::FullOfInstances(most) => {
                Self::conflict(format!("{most} instances of a service at most: unregister one first"))
            }
            ServicesError::Store(error) => error.into(),
        }
    }
}

impl From<EventsError> for Error {
    fn from(error: EventsError) -> Self {
        match error {
            EventsError::Conflict(id) => Self::conflict(format!("id: {id} was used for another event")),
            EventsError::Store(error) => error.into(),
        }
    }
}

impl From<BroadcastsError> for Error {
    fn from(error: BroadcastsError) -> Self {
        match error {
            BroadcastsError::Conflict => Self::conflict("id: was used for another broadcast"),
            BroadcastsError::Store(error) => error.into(),
        }
    }
}

impl From<RepliesError> for Error {
    fn from(error: RepliesError) -> Self {
        match error {
            RepliesError::NotFound => Self::not_found("no such reply"),
            RepliesError::ShortcutTaken => Self::conflict("shortcut: is taken"),
            RepliesError::Full(most) => Self::conflict(format!("{most} replies at most: delete one first")),
            RepliesError::Store(error) => error.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.row().name, self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as docs/ERRORS.md shows it.
    fn markdown() -> String {
        let row = |row: &Row| {
            let retry = if row.retry { "yes" } else { "no" };
            format!("| `{}` | {} | {retry} | {} |\n", row.name, row.status, row.meaning)
        };
        let rows: String = TABLE.iter().map(row).collect();
        format!("| code | HTTP status | retry | meaning |\n|---|---|---|---|\n{rows}")
    }

    #[test]
    fn the_documents_show_this_table() {
        let page = include_str!("../../docs/ERRORS.md");
        assert!(page.contains(&markdown()), "docs/ERRORS.md should hold:\n{}", markdown());
    }

    #[test]
    fn every_code_finds_its_own_row() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.code as usize, at);
            assert_eq!(serde_json::to_value(row.code).unwrap(), row.name);
        }
    }
}
