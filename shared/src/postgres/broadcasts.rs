//! One frame for many sockets.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};
use uuid::Uuid;

use super::Postgres;
use super::statements::events as statements;
use super::times::{time_of, timestamp};
use crate::clock::UnixMs;
use crate::ids::{BroadcastId, ConnectionId};
use crate::model::{Broadcast, BroadcastTally};
use crate::ports::{
    BroadcastChunk, BroadcastStepTaken, BroadcastTarget, BroadcastWork, Broadcasts, BroadcastsError,
    ChunkTally, NewBroadcast, OUTBOX_DUE_MS, StoreError,
};
use crate::sql::{TOPIC_BROADCASTS, broken_rule, from_word, storable, storable_json, word};

const NOTE_CHUNK: &str = "
insert into broadcast_chunks (broadcast_id, chunk, attempt, posted, gone, handed_on, given_up, at)
select $1, $2, $3, $4, $5, $6, $7, $8
where exists (select from broadcasts b where b.id = $1)
on conflict (broadcast_id, chunk, attempt) do update
set posted = excluded.posted, gone = excluded.gone, handed_on = excluded.handed_on,
    given_up = excluded.given_up, at = excluded.at";

const NOTED: &str = "
select exists (
    select from broadcast_chunks where broadcast_id = $1 and chunk = $2 and attempt = $3 and at is not null
)";

const EXPIRE: &str = "
delete from broadcasts
where id = any (array(select id from broadcasts where created_at < $1 order by created_at limit $2))";

#[async_trait]
impl Broadcasts for Postgres {
    async fn start_broadcast(&self, new: &NewBroadcast, now: UnixMs) -> Result<bool, BroadcastsError> {
        self.run(async |connection| match start(connection, new, now).await {
            // Another connection began it at the same time; run again, it is found.
            Err(error) if broken_rule(&error) == Some("broadcasts_pkey") => {
                started(&start(connection, new, now).await?, new)
            }
            row => started(&row?, new),
        })
        .await
    }

    async fn broadcast(&self, id: BroadcastId, now: UnixMs) -> Result<Option<Broadcast>, StoreError> {
        self.run(async |connection| {
            let row = query(statements::BROADCAST).bind(id.0).fetch_optional(connection).await?;
            row.as_ref().map(|row| standing(row, now)).transpose()
        })
        .await
    }

    async fn broadcast_work(&self, id: BroadcastId) -> Result<Option<BroadcastWork>, StoreError> {
        self.run(async |connection| {
            let row = query("select * from broadcasts where id = $1").bind(id.0).fetch_optional(connection);
            row.await?.as_ref().map(work).transpose()
        })
        .await
    }

    async fn note_step(&self, taken: &BroadcastStepTaken, now: UnixMs) -> Result<bool, StoreError> {
        let chunks: Vec<Uuid> = taken.chunks.iter().map(|(chunk, _)| *chunk).collect();
        let sockets: Vec<i32> = taken.chunks.iter().map(|(_, sockets)| integer(*sockets)).collect();
        self.run(async |connection| {
            let moved: Option<Uuid> = query_scalar(statements::NOTE_STEP)
                .bind(taken.broadcast.0)
                .bind(integer(taken.step))
                .bind(taken.after.as_ref().map(|after| storable(&after.0)))
                .bind(taken.is_last)
                .bind(&chunks)
                .bind(&sockets)
                .bind(timestamp(now))
                .fetch_optional(connection)
                .await?;
            Ok(moved.is_some())
        })
        .await
    }

    async fn chunk_noted(&self, chunk: BroadcastChunk, attempt: u8) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let noted =
                query_scalar(NOTED).bind(chunk.broadcast.0).bind(chunk.chunk).bind(i16::from(attempt));
            Ok(noted.fetch_one(connection).await?)
        })
        .await
    }

    async fn note_chunk(
        &self,
        chunk: BroadcastChunk,
        attempt: u8,
        tally: ChunkTally,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        self.run(async |connection| {
            query(NOTE_CHUNK)
                .bind(chunk.broadcast.0)
                .bind(chunk.chunk)
                .bind(i16::from(attempt))
                .bind(integer(tally.posted))
                .bind(integer(tally.gone))
                .bind(integer(tally.handed_on))
                .bind(integer(tally.given_up))
                .bind(timestamp(now))
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
    }

    async fn expire_broadcasts(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError> {
        self.run(async |connection| {
            let removed = query(EXPIRE).bind(timestamp(before)).bind(i64::from(limit));
            Ok(removed.execute(connection).await?.rows_affected())
        })
        .await
    }
}

async fn start(connection: &mut PgConnection, new: &NewBroadcast, now: UnixMs) -> Result<PgRow, sqlx::Error> {
    query(statements::START_BROADCAST)
        .bind(new.id.0)
        .bind(word(new.kind))
        .bind(word(new.target.scope()))
        .bind(new.target.id())
        .bind(Json(storable_json(&new.data)))
        .bind(&new.digest[..])
        .bind(new.created_by.0)
        .bind(timestamp(now))
        .bind(TOPIC_BROADCASTS)
        .bind(Json(new.first_step()))
        .bind(timestamp(now.plus(OUTBOX_DUE_MS)))
        .fetch_one(connection)
        .await
}

/// Whether it was begun now.
fn started(row: &PgRow, new: &NewBroadcast) -> Result<bool, BroadcastsError> {
    match row.try_get::<Option<Vec<u8>>, _>("earlier_digest")? {
        None => Ok(true),
        Some(earlier) if earlier == new.digest => Ok(false),
        Some(_) => Err(BroadcastsError::Conflict),
    }
}

fn standing(row: &PgRow, now: UnixMs) -> Result<Broadcast, StoreError> {
    let tally = BroadcastTally {
        sockets: row.try_get("sockets")?,
        posted: row.try_get("posted")?,
        gone: row.try_get("gone")?,
        given_up: row.try_get("given_up")?,
        moved_at: time_of(row, "moved_at")?,
        found_all: row.try_get("found_all")?,
    };
    let (kind, scope) = (from_word(row.try_get("message_type")?)?, from_word(row.try_get("target_type")?)?);
    let id = BroadcastId(row.try_get("id")?);
    Ok(Broadcast::standing((id, kind, scope), time_of(row, "created_at")?, tally, now))
}

fn work(row: &PgRow) -> Result<BroadcastWork, StoreError> {
    Ok(BroadcastWork {
        kind: from_word(row.try_get("message_type")?)?,
        target: BroadcastTarget::of(from_word(row.try_get("target_type")?)?, row.try_get("target_id")?),
        data: row.try_get::<Json<Value>, _>("data")?.0,
        created_at: time_of(row, "created_at")?,
        steps: row.try_get::<i32, _>("steps")?.unsigned_abs(),
        after: row.try_get::<Option<String>, _>("after")?.map(ConnectionId),
        moved_at: time_of(row, "moved_at")?,
        found_all: row.try_get("found_all")?,
    })
}

/// Counts of sockets and steps stay far below.
fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
