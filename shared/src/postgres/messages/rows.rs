//! How entries read.

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::{Json, Uuid};
use time::OffsetDateTime;

use super::super::times::{time_of, unix_ms};
use crate::ids::{MessageId, RoomId, Seq, UserId};
use crate::model::{Edited, Entry, Message, Recalled};
use crate::ports::StoreError;

/// The message in a row whose columns for its id and time have these names.
pub(in crate::postgres) fn message_of(row: &PgRow, id: &str, at: &str) -> Result<Message, sqlx::Error> {
    Ok(Message {
        message_id: MessageId(row.try_get(id)?),
        room_id: RoomId(row.try_get("room_id")?),
        seq: Seq(row.try_get("seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        kind: row.try_get("kind")?,
        content: row.try_get("content")?,
        reply_to: row.try_get::<Option<Uuid>, _>("reply_to")?.map(MessageId),
        metadata: row.try_get::<Option<Json<serde_json::Value>>, _>("metadata")?.map(|json| json.0),
        timestamp: time_of(row, at)?,
        edited_at: row.try_get::<Option<OffsetDateTime>, _>("edited_at")?.map(unix_ms),
        recalled: row.try_get::<Option<OffsetDateTime>, _>("recalled_at")?.is_some(),
    })
}

/// The entry in a row that has its `id`, `created_at`, `entry`, `target_id` and `target_seq` as well.
pub(in crate::postgres) fn entry_of(row: &PgRow) -> Result<Entry, StoreError> {
    let entry: String = row.try_get("entry")?;
    match entry.as_str() {
        "message" => Ok(Entry::Message(message_of(row, "id", "created_at")?)),
        "edited" => Ok(Entry::Edited(edited(row)?)),
        "recalled" => Ok(Entry::Recalled(recalled(row)?)),
        other => Err(StoreError::Internal(format!("{other:?} is no kind of entry"))),
    }
}

fn edited(row: &PgRow) -> Result<Edited, sqlx::Error> {
    let Recalled { message_id, room_id, seq, target_seq, sender_id, sender_name, timestamp } = recalled(row)?;
    let content = row.try_get("content")?;
    Ok(Edited { message_id, room_id, seq, target_seq, sender_id, sender_name, content, timestamp })
}

fn recalled(row: &PgRow) -> Result<Recalled, sqlx::Error> {
    Ok(Recalled {
        message_id: MessageId(row.try_get("target_id")?),
        room_id: RoomId(row.try_get("room_id")?),
        seq: Seq(row.try_get("seq")?),
        target_seq: Seq(row.try_get("target_seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        timestamp: time_of(row, "created_at")?,
    })
}
