use async_trait::async_trait;

use super::{CaughtUp, NewRevision, Resumption, Revised, StoreError};
use crate::clock::UnixMs;
use crate::ids::{ClientMessageId, MessageId, OutboxId, RoomId, Seq, UserId};
use crate::model::{Listing, Message, Page};
use crate::search::Query;

/// A message that has passed every check but those of the append itself.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub room: RoomId,
    pub sender: UserId,
    pub client_id: ClientMessageId,
    /// Of the body as sent: tells a repeat from a conflict.
    pub digest: [u8; 32],
    pub kind: String,
    pub content: String,
    pub reply_to: Option<MessageId>,
    pub metadata: Option<serde_json::Value>,
    pub now: UnixMs,
}

/// What an append stored, now or the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    pub message_id: MessageId,
    pub seq: Seq,
    /// The sender's name as others see it.
    pub sender_name: String,
    /// When it was stored.
    pub timestamp: UnixMs,
    pub members_version: i64,
    /// The same client id was stored before; `message_id`, `seq` and `timestamp` are the first one's.
    pub repeated: bool,
    /// The row that is open until a consumer has settled it; None for a repeat that is settled.
    pub outbox: Option<OutboxId>,
}

#[derive(Debug, thiserror::Error)]
pub enum MessagesError {
    /// No such room, or the sender isn't in it: the two aren't told apart.
    #[error("not a member of the room")]
    NotMember,
    #[error("banned")]
    Banned,
    /// The other one of a direct room wants nothing from the sender.
    #[error("blocked")]
    Blocked,
    /// The room is a session's that has ended.
    #[error("the room is closed")]
    Closed,
    /// The same client id with another body.
    #[error("the id was used for another message")]
    Conflict,
    /// `reply_to` isn't a message of the room.
    #[error("reply_to is not a message of the room")]
    NoSuchReply,
    /// No such message in any room of the sender's, or not in the one that was named.
    #[error("no such message")]
    NoSuchMessage,
    #[error("the message is somebody else's")]
    NotSender,
    #[error("the message was recalled")]
    Recalled,
    #[error("the message is too old to be changed")]
    TooLate,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MessagesError {
    /// What the statement that revises says no with.
    #[must_use]
    pub fn of_refusal(word: &str) -> Self {
        match word {
            "recalled" => Self::Recalled,
            "not_sender" => Self::NotSender,
            "too_late" => Self::TooLate,
            "blocked" => Self::Blocked,
            "closed" => Self::Closed,
            other => StoreError::Internal(format!("{other:?} is no refusal")).into(),
        }
    }
}

/// Which part of a room's log; within it, messages stand in the order of `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Page 1 is the newest.
    Page(Page),
    /// The last `limit` before `seq`.
    Before { seq: Seq, limit: u32 },
    /// The first `limit` after `seq`.
    After { seq: Seq, limit: u32 },
}

/// What is looked for, and by whom.
#[derive(Debug, Clone)]
pub struct Search {
    /// Only in rooms that they are in, and only what they may see there.
    pub user: UserId,
    /// Only in this one.
    pub room: Option<RoomId>,
    pub query: Query,
    pub page: Page,
}

/// The rooms' logs.
#[async_trait]
pub trait Messages: Send + Sync {
    /// One statement: membership, ban, repeat check, `seq`, row, outbox row. Moves the sender's own
    /// read mark.
    ///
    /// # Errors
    /// `NotMember`, `Banned`, `Conflict`, `NoSuchReply`; nothing is written then.
    async fn append(&self, new: &NewMessage) -> Result<Appended, MessagesError>;

    /// One statement: membership, ban, repeat check, whose message and how old, `seq`, the entry, the
    /// message that it changes, outbox row. Nothing becomes unread or read by it.
    ///
    /// # Errors
    /// `NotMember` (with a room), `NoSuchMessage`, `Banned`, `Conflict`, `Recalled`, `NotSender`, `TooLate`;
    /// nothing is written then.
    async fn revise(&self, new: &NewRevision) -> Result<Revised, MessagesError>;

    /// Messages after `visible_after` (0 for all); `total` counts those, too. `written` is how far the log is known
    /// to go: a replica that hasn't come so far isn't asked.
    async fn history(
        &self,
        room: RoomId,
        visible_after: Seq,
        window: Window,
        written: Seq,
    ) -> Result<Listing<Message>, StoreError>;

    /// Messages that hold everything asked for, as their content is now, newest first; none that was
    /// recalled. Those of the last moment may be missing.
    async fn search(&self, search: &Search) -> Result<Listing<Message>, StoreError>;

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError>;

    /// What came since in all the rooms named, in one query. Rooms that have little to tell come first.
    async fn resume(&self, from: &Resumption) -> Result<CaughtUp, StoreError>;

    /// Removes entries whose ids were made before `cutoff`, about `limit` of them, oldest first, and answers
    /// how many it removed. Numbers, marks and `last_seq` stay.
    async fn expire(&self, cutoff: UnixMs, limit: u32) -> Result<u64, StoreError>;
}
