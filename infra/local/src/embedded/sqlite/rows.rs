//! How rows read, for every store in the file.

use shared::clock::UnixMs;
use shared::ids::{ConnectionId, MessageId, RoomId, Seq, UserId};
use shared::model::{
    Account, Address, Edited, Entry, Listener, Member, Membership, Message, Recalled, Room, RoomSummary, User,
};
use shared::ports::StoreError;
use shared::sql::from_word;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

pub(super) fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    Ok(Account {
        user: user(row)?,
        email: row.try_get("email")?,
        role: from_word(row.try_get("role")?)?,
        created_at: UnixMs(row.try_get("created_at")?),
        token_version: row.try_get("token_version")?,
        revoked_at: row.try_get::<Option<i64>, _>("revoked_at")?.map(UnixMs),
        banned_until: row.try_get::<Option<i64>, _>("banned_until")?.map(UnixMs),
    })
}

pub(super) fn user(row: &SqliteRow) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(row.try_get("id")?),
        username: row.try_get("username")?,
        nickname: row.try_get("nickname")?,
    })
}

pub(super) fn room(row: &SqliteRow) -> Result<Room, StoreError> {
    Ok(Room {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        last_seq: Seq(row.try_get("last_seq")?),
        history_before_joining: row.try_get("history_before_joining")?,
        created_by: row.try_get::<Option<i64>, _>("created_by")?.map(UserId),
        created_at: UnixMs(row.try_get("created_at")?),
        member_count: row.try_get("member_count")?,
        members_version: row.try_get("members_version")?,
    })
}

/// The membership in a row; None where a left join found no member.
pub(super) fn membership(row: &SqliteRow) -> Result<Option<Membership>, StoreError> {
    let Some(role) = row.try_get("role")? else { return Ok(None) };
    Ok(Some(Membership {
        role: from_word(role)?,
        read_seq: Seq(row.try_get("read_seq")?),
        joined_seq: Seq(row.try_get("joined_seq")?),
    }))
}

pub(super) fn member(row: &SqliteRow) -> Result<Member, StoreError> {
    Ok(Member {
        user: User {
            id: UserId(row.try_get("user_id")?),
            username: row.try_get("username")?,
            nickname: row.try_get("nickname")?,
        },
        role: from_word(row.try_get("role")?)?,
        joined_at: UnixMs(row.try_get("joined_at")?),
        read_seq: Seq(row.try_get("read_seq")?),
    })
}

pub(super) fn summary(row: &SqliteRow) -> Result<RoomSummary, StoreError> {
    let has_message = row.try_get::<Option<Uuid>, _>("message_id")?.is_some();
    Ok(RoomSummary {
        room: room(row)?,
        role: row.try_get::<Option<String>, _>("role")?.map(from_word).transpose()?,
        read_seq: Seq(row.try_get("read_seq")?),
        unread_count: row.try_get("unread_count")?,
        last_message: has_message.then(|| message(row)).transpose()?,
        peer: peer(row)?,
    })
}

/// The other one of a direct room, though they may have been anonymised since.
fn peer(row: &SqliteRow) -> Result<Option<User>, StoreError> {
    let Some(id) = row.try_get("peer_id")? else { return Ok(None) };
    Ok(Some(User {
        id: UserId(id),
        username: row.try_get::<Option<String>, _>("peer_username")?.unwrap_or_default(),
        nickname: row.try_get("peer_nickname")?,
    }))
}

/// The columns of a message of `messages m` with its sender `users s`, named so that they stand beside
/// those of a room.
macro_rules! message_columns {
    () => {
        "m.id as message_id, m.room_id as message_room, m.seq, m.sender_id, s.nickname as sender_name, \
         m.kind, m.content, m.reply_to, m.metadata, m.created_at as message_at, m.edited_at, m.recalled_at"
    };
}
pub(super) use message_columns;

pub(super) fn message(row: &SqliteRow) -> Result<Message, StoreError> {
    let metadata: Option<String> = row.try_get("metadata")?;
    let metadata = metadata.map(|json| serde_json::from_str(&json)).transpose();
    Ok(Message {
        message_id: MessageId(row.try_get("message_id")?),
        room_id: RoomId(row.try_get("message_room")?),
        seq: Seq(row.try_get("seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        kind: row.try_get("kind")?,
        content: row.try_get("content")?,
        reply_to: row.try_get::<Option<Uuid>, _>("reply_to")?.map(MessageId),
        metadata: metadata.map_err(|error| StoreError::Internal(error.to_string()))?,
        timestamp: UnixMs(row.try_get("message_at")?),
        edited_at: row.try_get::<Option<i64>, _>("edited_at")?.map(UnixMs),
        recalled: row.try_get::<Option<i64>, _>("recalled_at")?.is_some(),
    })
}

/// What an entry has besides the columns of a message.
macro_rules! entry_columns {
    () => {
        concat!(crate::embedded::sqlite::rows::message_columns!(), ", m.entry, m.target_id, m.target_seq")
    };
}
pub(super) use entry_columns;

pub(super) fn entry(row: &SqliteRow) -> Result<Entry, StoreError> {
    let entry: String = row.try_get("entry")?;
    match entry.as_str() {
        "message" => message(row).map(Entry::Message),
        "edited" => Ok(Entry::Edited(edited(row)?)),
        "recalled" => Ok(Entry::Recalled(recalled(row)?)),
        other => Err(StoreError::Internal(format!("{other:?} is no kind of entry"))),
    }
}

fn edited(row: &SqliteRow) -> Result<Edited, sqlx::Error> {
    let Recalled { message_id, room_id, seq, target_seq, sender_id, sender_name, timestamp } = recalled(row)?;
    let content = row.try_get("content")?;
    Ok(Edited { message_id, room_id, seq, target_seq, sender_id, sender_name, content, timestamp })
}

fn recalled(row: &SqliteRow) -> Result<Recalled, sqlx::Error> {
    Ok(Recalled {
        message_id: MessageId(row.try_get("target_id")?),
        room_id: RoomId(row.try_get("message_room")?),
        seq: Seq(row.try_get("seq")?),
        target_seq: Seq(row.try_get("target_seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        timestamp: UnixMs(row.try_get("message_at")?),
    })
}

pub(super) fn listener(row: &SqliteRow) -> Result<Listener, StoreError> {
    let address = Address {
        connection: ConnectionId(row.try_get("id")?),
        endpoint: row.try_get("endpoint")?,
        connected_at: UnixMs(row.try_get("connected_at")?),
    };
    Ok(Listener { user: UserId(row.try_get("user_id")?), address })
}
