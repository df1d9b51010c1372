use crate::clock::UnixMs;
use crate::ids::{ClientMessageId, MessageId, OutboxId, RoomId, Seq, UserId};
use crate::model::{Edited, Entry, Recalled};

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// It says this from now on; its kind, `reply_to` and metadata stay.
    Edit { content: String },
    /// It says nothing any more.
    Recall,
}

/// A revision that has passed every check but those of the store itself.
#[derive(Debug, Clone)]
pub struct NewRevision {
    /// Of the entry; the message keeps its own.
    pub id: MessageId,
    /// What is revised.
    pub message: MessageId,
    /// The room that it has to be in; None: wherever it is.
    pub room: Option<RoomId>,
    pub sender: UserId,
    pub client_id: ClientMessageId,
    /// Of the request: tells a repeat from a conflict.
    pub digest: [u8; 32],
    pub revision: Revision,
    /// A message from before is too old; a recall by an admin of the room never is.
    pub not_before: UnixMs,
    pub now: UnixMs,
}

/// What a revision stored, now or the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised {
    pub entry: Entry,
    pub members_version: i64,
    /// The same client id was stored before; the entry is the first one's.
    pub repeated: bool,
    /// The row that is open until a consumer has settled it; None for a repeat that is settled.
    pub outbox: Option<OutboxId>,
}

/// Where a revision stands, and what it says there.
#[derive(Debug, Clone)]
pub struct Placed {
    pub room: RoomId,
    pub seq: Seq,
    pub target_seq: Seq,
    pub sender_name: String,
    /// Of an edit; one whose message was recalled since says nothing.
    pub content: String,
    pub timestamp: UnixMs,
}

impl Revision {
    /// What kind of entry it makes, as it stands in the log.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Edit { .. } => "edited",
            Self::Recall => "recalled",
        }
    }

    /// What the message says afterwards.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::Edit { content } => content,
            Self::Recall => "",
        }
    }
}

impl NewRevision {
    /// The entry at its place.
    #[must_use]
    pub fn entry(&self, placed: Placed) -> Entry {
        let Placed { room, seq, target_seq, sender_name, content, timestamp } = placed;
        let (message_id, room_id, sender_id) = (self.message, room, self.sender);
        match self.revision {
            Revision::Edit { .. } => Entry::Edited(Edited {
                message_id,
                room_id,
                seq,
                target_seq,
                sender_id,
                sender_name,
                content,
                timestamp,
            }),
            Revision::Recall => Entry::Recalled(Recalled {
                message_id,
                room_id,
                seq,
                target_seq,
                sender_id,
                sender_name,
                timestamp,
            }),
        }
    }
}
