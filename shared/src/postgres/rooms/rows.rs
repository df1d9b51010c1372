use sqlx::Row;
use sqlx::postgres::PgRow;

use super::super::messages::message_of;
use super::super::times::time_of;
use crate::ids::{RoomId, Seq, UserId};
use crate::model::{Member, Membership, Room, RoomSummary, User};
use crate::ports::StoreError;
use crate::sql::from_word;

/// The columns of a room of `rooms r` that [`room`] reads.
macro_rules! room_columns {
    () => {
        "r.id, r.type, r.name, r.description, r.last_seq, r.history_before_joining, r.created_by, \
         r.created_at, r.member_count, r.members_version"
    };
}
pub(super) use room_columns;

pub(super) fn room(row: &PgRow) -> Result<Room, StoreError> {
    Ok(Room {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        last_seq: Seq(row.try_get("last_seq")?),
        history_before_joining: row.try_get("history_before_joining")?,
        created_by: row.try_get::<Option<i64>, _>("created_by")?.map(UserId),
        created_at: time_of(row, "created_at")?,
        member_count: row.try_get("member_count")?,
        members_version: row.try_get("members_version")?,
    })
}

/// The membership in a row; None where a left join found no member.
pub(super) fn membership(row: &PgRow) -> Result<Option<Membership>, StoreError> {
    let Some(role) = row.try_get("role")? else { return Ok(None) };
    Ok(Some(Membership {
        role: from_word(role)?,
        read_seq: Seq(row.try_get("read_seq")?),
        joined_seq: Seq(row.try_get("joined_seq")?),
    }))
}

pub(super) fn member(row: &PgRow) -> Result<Member, StoreError> {
    let user = User {
        id: UserId(row.try_get("user_id")?),
        username: row.try_get("username")?,
        nickname: row.try_get("nickname")?,
    };
    Ok(Member {
        user,
        role: from_word(row.try_get("role")?)?,
        joined_at: time_of(row, "joined_at")?,
        read_seq: Seq(row.try_get("read_seq")?),
    })
}

pub(super) fn summary(row: &PgRow) -> Result<RoomSummary, StoreError> {
    let has_message = row.try_get::<Option<sqlx::types::Uuid>, _>("message_id")?.is_some();
    let last_message = has_message.then(|| message_of(row, "message_id", "message_at")).transpose()?;
    Ok(RoomSummary {
        room: room(row)?,
        role: row.try_get::<Option<String>, _>("role")?.map(from_word).transpose()?,
        read_seq: Seq(row.try_get("read_seq")?),
        unread_count: row.try_get("unread_count")?,
        last_message,
        peer: peer(row)?,
    })
}

/// The other one of a direct room, though they may have been anonymised since.
fn peer(row: &PgRow) -> Result<Option<User>, StoreError> {
    let Some(id) = row.try_get("peer_id")? else { return Ok(None) };
    Ok(Some(User {
        id: UserId(id),
        username: row.try_get::<Option<String>, _>("peer_username")?.unwrap_or_default(),
        nickname: row.try_get("peer_nickname")?,
    }))
}
