use uuid::Uuid;

use crate::ids::{RoomId, Seq, UserId};
use crate::model::Entry;

/// From where a client goes on.
#[derive(Debug, Clone)]
pub struct Resumption {
    pub user: UserId,
    /// Rooms, each once, with the last seq that the client has of them.
    pub rooms: Vec<(RoomId, Seq)>,
    /// Of the database that these seqs are from; None: of this one. No entries are read for another.
    pub epoch: Option<Uuid>,
    /// Read at most so many entries,
    pub max_entries: u32,
    /// and none after they hold so many bytes of content and metadata,
    pub max_bytes: u32,
    /// and name at most so many of the user's other rooms, those of the newest activity.
    pub max_others: u32,
}

/// What came since.
#[derive(Debug, Clone, PartialEq)]
pub struct CaughtUp {
    /// Which database this is.
    pub epoch: Uuid,
    /// Of the rooms that were named, those that the user is in.
    pub rooms: Vec<Standing>,
    /// The user's other rooms, with their last seq.
    pub others: Vec<(RoomId, Seq)>,
    /// Room by room, in the order of seq.
    pub entries: Vec<Entry>,
}

/// How a room stands towards what the client has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub room: RoomId,
    /// The first entry that is still there; one after the last when none is.
    pub first_seq: Seq,
    pub last_seq: Seq,
    /// What was asked for.
    pub asked: Seq,
    /// Entries are read after this one.
    pub since: Seq,
    /// Entries after the one asked for, which the user might have seen, were removed.
    pub gap: bool,
}
