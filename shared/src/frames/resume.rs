//! Catching up after a disconnection: what is asked, and what is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::ids::{RoomId, Seq};
use crate::model::{Edited, Entry, Message, Recalled};

/// Rooms in one `resume`.
pub const RESUME_ROOMS_MAX: usize = 200;

/// Asks for what came since, of the rooms named: where the client stands in each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct Resume {
    #[serde(default)]
    pub rooms: ResumeRooms,
    /// The database that these are from, as an earlier answer named it.
    #[serde(default)]
    pub epoch: Option<Uuid>,
}

/// The last seq of each room, of at most [`RESUME_ROOMS_MAX`]; 0 for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Seq>")]
pub struct ResumeRooms(BTreeMap<RoomId, Seq>);

impl PartialSchema for ResumeRooms {
    fn schema() -> RefOr<Schema> {
        let seqs = AdditionalProperties::from(Ref::from_schema_name(Seq::name()));
        ObjectBuilder::new()
            .additional_properties(Some(seqs))
            .max_properties(Some(RESUME_ROOMS_MAX))
            .description(Some("The last seq of each room, by its id as a text; 0 for nothing."))
            .into()
    }
}

impl ToSchema for ResumeRooms {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Seq::name().into(), Seq::schema()));
    }
}

impl ResumeRooms {
    /// By room.
    pub fn iter(&self) -> impl Iterator<Item = (RoomId, Seq)> {
        self.0.iter().map(|(room, seq)| (*room, *seq))
    }
}

impl TryFrom<BTreeMap<String, Seq>> for ResumeRooms {
    type Error = String;
    fn try_from(rooms: BTreeMap<String, Seq>) -> Result<Self, String> {
        if rooms.len() > RESUME_ROOMS_MAX {
            return Err(format!("names {} rooms, {RESUME_ROOMS_MAX} at most", rooms.len()));
        }
        rooms.into_iter().map(|(room, seq)| Ok((room_id(&room)?, not_negative(seq)?))).collect()
    }
}

impl FromIterator<(RoomId, Seq)> for ResumeRooms {
    fn from_iter<T: IntoIterator<Item = (RoomId, Seq)>>(rooms: T) -> Self {
        Self(rooms.into_iter().collect())
    }
}

fn room_id(key: &str) -> Result<RoomId, String> {
    let shown: String = key.chars().take(40).collect();
    key.parse().map(RoomId).map_err(|_| format!("{shown:?} is not a room's id"))
}

fn not_negative(seq: Seq) -> Result<Seq, String> {
    if seq.0 < 0 { Err("a seq must not be negative".to_owned()) } else { Ok(seq) }
}

/// What came since.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Resumed {
    /// `message`, `edited` and `recalled` frames as they are pushed; of each room in the order of seq.
    #[serde(serialize_with = "as_frames")]
    #[schema(value_type = Vec<EntryFrame<'_>>)]
    pub messages: Vec<Entry>,
    /// The last seq of every room that was named, and of the caller's others.
    #[schema(value_type = BTreeMap<String, Seq>)]
    pub rooms: BTreeMap<RoomId, Seq>,
    pub gaps: Vec<Gap>,
    /// To be sent along with the next `resume`.
    pub epoch: Uuid,
    /// There is more than fits: `next` is what to resume with at once.
    pub more: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Seq>)]
    pub next: BTreeMap<RoomId, Seq>,
}

/// A room that isn't simply continued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    pub room_id: RoomId,
    pub reason: GapReason,
    /// With `retention`: the first entry that is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<Seq>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Entries after the one that the client has were removed; what is left follows.
    Retention,
    /// The seqs are of another database; nothing follows.
    Epoch,
    /// The log ends before what the client claims to have; nothing follows.
    Ahead,
    /// No such room, or the caller isn't in it any more.
    NotMember,
}

/// An entry as the frame that it was pushed by.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EntryFrame<'a> {
    Message(&'a Message),
    Edited(&'a Edited),
    Recalled(&'a Recalled),
}

impl<'a> From<&'a Entry> for EntryFrame<'a> {
    fn from(entry: &'a Entry) -> Self {
        match entry {
            Entry::Message(entry) => Self::Message(entry),
            Entry::Edited(entry) => Self::Edited(entry),
            Entry::Recalled(entry) => Self::Recalled(entry),
        }
    }
}

fn as_frames<S: Serializer>(entries: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(entries.iter().map(EntryFrame::from))
}
