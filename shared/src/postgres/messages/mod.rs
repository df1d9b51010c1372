//! The rooms' logs.

mod resume;
mod revise;
mod rows;
mod search;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};
use uuid::Uuid;

use super::times::{time_of, timestamp};
use super::{Postgres, statements};
use crate::clock::UnixMs;
use crate::ids::{MessageId, OutboxId, RoomId, Seq};
use crate::model::{Listing, Message};
use crate::ports::{
    Appended, CaughtUp, Messages, MessagesError, NewMessage, NewRevision, OUTBOX_DUE_MS, Resumption, Revised,
    Search, StoreError, Window,
};
use crate::sql::{TOPIC_MESSAGES, broken_rule, storable, storable_json};

pub(super) use rows::{entry_of, message_of};

/// How often a statement is run while others change the room's members under it. Each further run means
/// that one more change was committed during a statement of a millisecond.
const ATTEMPTS: u32 = 5;

#[async_trait]
impl Messages for Postgres {
    async fn append(&self, new: &NewMessage) -> Result<Appended, MessagesError> {
        self.run(async |connection| {
            for _ in 0..ATTEMPTS {
                if let Some(outcome) = append_once(connection, new).await? {
                    return outcome;
                }
            }
            Err(overtaken().into())
        })
        .await
    }

    async fn revise(&self, new: &NewRevision) -> Result<Revised, MessagesError> {
        self.run(async |connection| {
            for _ in 0..ATTEMPTS {
                if let Some(outcome) = revise::once(connection, new).await? {
                    return outcome;
                }
            }
            Err(overtaken().into())
        })
        .await
    }

    async fn history(
        &self,
        room: RoomId,
        visible_after: Seq,
        window: Window,
        written: Seq,
    ) -> Result<Listing<Message>, StoreError> {
        let (statement, from, count) = match window {
            Window::Page(page) => (statements::HISTORY_PAGE, page.offset(), i64::from(page.size)),
            Window::Before { seq, limit } => (statements::HISTORY_BEFORE, seq.0, i64::from(limit)),
            Window::After { seq, limit } => (statements::HISTORY_AFTER, seq.0, i64::from(limit)),
        };
        let read = async |connection: &mut PgConnection| -> Result<Vec<PgRow>, StoreError> {
            let statement = query(statement).bind(room.0).bind(visible_after.0).bind(from).bind(count);
            Ok(statement.bind(written.0).fetch_all(connection).await?)
        };
        listing(&self.read(read, |rows| !rows.is_empty()).await?)
    }

    async fn search(&self, search: &Search) -> Result<Listing<Message>, StoreError> {
        let find = async |connection: &mut PgConnection| search::search(connection, search).await;
        let found = self.read(find, |_| true).await?;
        if self.replica.is_none() {
            return Ok(found);
        }
        // Who was sent away, and what was taken back, is known to the primary first.
        self.run(async |connection| search::of_now(connection, search.user, found).await).await
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.run(async |connection| {
            let row = query(
                "select m.id, m.room_id, m.seq, m.sender_id, u.nickname as sender_name, m.kind, m.content, \
                 m.reply_to, m.metadata, m.created_at, m.edited_at, m.recalled_at \
                 from messages m join users u on u.id = m.sender_id \
                 where m.id = $1 and m.entry = 'message'",
            )
            .bind(id.0)
            .fetch_optional(connection)
            .await?;
            row.map(|row| Ok(message_of(&row, "id", "created_at")?)).transpose()
        })
        .await
    }

    async fn resume(&self, from: &Resumption) -> Result<CaughtUp, StoreError> {
        self.run(async |connection| resume::resume(connection, from).await).await
    }

    async fn expire(&self, cutoff: UnixMs, limit: u32) -> Result<u64, StoreError> {
        self.run(async |connection| {
            let removed = query_scalar(statements::EXPIRE)
                .bind(MessageId::first_at(cutoff).0)
                .bind(i64::from(limit))
                .fetch_one(connection)
                .await?;
            Ok(i64::unsigned_abs(removed))
        })
        .await
    }
}

fn overtaken() -> StoreError {
    StoreError::Unavailable("the room's members keep changing".to_owned())
}

/// Runs the statement; None when what it checked was overtaken while it waited for the room's row.
async fn append_once(
    connection: &mut PgConnection,
    new: &NewMessage,
) -> Result<Option<Result<Appended, MessagesError>>, StoreError> {
    let row = query(statements::APPEND)
        .bind(new.id.0)
        .bind(new.room.0)
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(&new.digest[..])
        .bind(storable(&new.kind))
        .bind(storable(&new.content))
        .bind(new.reply_to.map(|id| id.0))
        .bind(new.metadata.as_ref().map(storable_json).map(Json))
        .bind(timestamp(new.now))
        .bind(timestamp(new.now.plus(OUTBOX_DUE_MS)))
        .bind(TOPIC_MESSAGES)
        .bind(search::pieces(&new.content))
        .fetch_one(connection)
        .await;
    match row {
        Ok(row) => Ok(appended(&row, new)?),
        // Another connection stored the same client id first; run again, it is found.
        Err(error) if broken_rule(&error) == Some("messages_client_id_unique") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn appended(row: &PgRow, new: &NewMessage) -> Result<Option<Result<Appended, MessagesError>>, sqlx::Error> {
    let Some(sender_name) = row.try_get::<Option<String>, _>("nickname")? else {
        return Ok(Some(Err(MessagesError::NotMember)));
    };
    if row.try_get("banned")? {
        return Ok(Some(Err(MessagesError::Banned)));
    }
    let members_version = row.try_get("members_version")?;
    if let Some(id) = row.try_get::<Option<Uuid>, _>("earlier_id")? {
        if row.try_get::<Vec<u8>, _>("earlier_digest")? != new.digest {
            return Ok(Some(Err(MessagesError::Conflict)));
        }
        return Ok(Some(Ok(Appended {
            message_id: MessageId(id),
            seq: Seq(row.try_get("earlier_seq")?),
            sender_name,
            timestamp: time_of(row, "earlier_at")?,
            members_version,
            repeated: true,
            outbox: row.try_get::<Option<i64>, _>("earlier_outbox")?.map(OutboxId),
        })));
    }
    // After the repeat, which was stored before these.
    if row.try_get("closed")? {
        return Ok(Some(Err(MessagesError::Closed)));
    }
    if row.try_get("blocked")? {
        return Ok(Some(Err(MessagesError::Blocked)));
    }
    if !row.try_get::<bool, _>("reply_found")? {
        return Ok(Some(Err(MessagesError::NoSuchReply)));
    }
    let Some(seq) = row.try_get::<Option<i64>, _>("seq")? else { return Ok(None) };
    Ok(Some(Ok(Appended {
        message_id: new.id,
        seq: Seq(seq),
        sender_name,
        timestamp: new.now,
        members_version,
        repeated: false,
        outbox: row.try_get::<Option<i64>, _>("outbox")?.map(OutboxId),
    })))
}

/// Rows that all carry the total; a lone row without a message is an empty window.
fn listing(rows: &[PgRow]) -> Result<Listing<Message>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
            items.push(message_of(row, "id", "created_at")?);
        }
    }
    Ok(Listing { items, total })
}
