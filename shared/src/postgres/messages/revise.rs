//! Edits and recalls.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};
use uuid::Uuid;

use super::super::statements;
use super::super::times::{time_of, timestamp};
use super::search::pieces;
use crate::ids::{OutboxId, RoomId, Seq};
use crate::ports::{MessagesError, NewRevision, OUTBOX_DUE_MS, Placed, Revised, StoreError};
use crate::sql::{TOPIC_MESSAGES, broken_rule, storable};

/// Runs the statement; None when what it checked was overtaken while it waited for the room's row.
pub(super) async fn once(
    connection: &mut PgConnection,
    new: &NewRevision,
) -> Result<Option<Result<Revised, MessagesError>>, StoreError> {
    let row = query(statements::REVISE)
        .bind(new.id.0)
        .bind(new.message.0)
        .bind(new.room.map(|room| room.0))
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(&new.digest[..])
        .bind(new.revision.word())
        .bind(storable(new.revision.content()))
        .bind(timestamp(new.now))
        .bind(timestamp(new.not_before))
        .bind(timestamp(new.now.plus(OUTBOX_DUE_MS)))
        .bind(TOPIC_MESSAGES)
        .bind(pieces(new.revision.content()))
        .fetch_one(connection)
        .await;
    match row {
        Ok(row) => Ok(outcome(&row, new).transpose()),
        // Another connection stored the same client id first; run again, it is found.
        Err(error) if broken_rule(&error) == Some("messages_client_id_unique") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn outcome(row: &PgRow, new: &NewRevision) -> Result<Option<Revised>, MessagesError> {
    let Some(sender_name) = row.try_get::<Option<String>, _>("nickname")? else {
        return Err(if new.room.is_some() { MessagesError::NotMember } else { MessagesError::NoSuchMessage });
    };
    if row.try_get("banned")? {
        return Err(MessagesError::Banned);
    }
    if row.try_get::<Option<Uuid>, _>("earlier_id")?.is_some() {
        return repeated(row, new, sender_name).map(Some);
    }
    let Some(target_seq) = row.try_get("target_seq")? else { return Err(MessagesError::NoSuchMessage) };
    if let Some(refusal) = row.try_get::<Option<String>, _>("refusal")? {
        return Err(MessagesError::of_refusal(&refusal));
    }
    let Some(seq) = row.try_get("seq")? else { return Ok(None) };
    let placed = Placed {
        room: RoomId(row.try_get("room_id")?),
        seq: Seq(seq),
        target_seq: Seq(target_seq),
        sender_name,
        content: new.revision.content().to_owned(),
        timestamp: new.now,
    };
    Ok(Some(Revised {
        entry: new.entry(placed),
        members_version: row.try_get("members_version")?,
        repeated: false,
        outbox: row.try_get::<Option<i64>, _>("outbox")?.map(OutboxId),
    }))
}

fn repeated(row: &PgRow, new: &NewRevision, sender_name: String) -> Result<Revised, MessagesError> {
    if row.try_get::<Vec<u8>, _>("earlier_digest")? != new.digest {
        return Err(MessagesError::Conflict);
    }
    let placed = Placed {
        room: RoomId(row.try_get("room_id")?),
        seq: Seq(row.try_get("earlier_seq")?),
        target_seq: Seq(row.try_get("earlier_target_seq")?),
        sender_name,
        content: row.try_get("earlier_content")?,
        timestamp: time_of(row, "earlier_at")?,
    };
    Ok(Revised {
        entry: new.entry(placed),
        members_version: row.try_get("members_version")?,
        repeated: true,
        outbox: row.try_get::<Option<i64>, _>("earlier_outbox")?.map(OutboxId),
    })
}
