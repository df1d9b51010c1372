//! One frame for many sockets. The reasons stand beside the statements of Postgres.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{BroadcastId, ConnectionId};
use shared::model::{Broadcast, BroadcastTally};
use shared::ports::{
    BroadcastChunk, BroadcastStepTaken, BroadcastTarget, BroadcastWork, Broadcasts, BroadcastsError,
    ChunkTally, NewBroadcast, OUTBOX_DUE_MS, StoreError,
};
use shared::sql::{TOPIC_BROADCASTS, from_word, storable, storable_json, word};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::Sqlite;

const OPEN: &str =
    "insert into outbox (topic, payload, created_at, due_at) values (?1, ?2, ?3, ?4) returning id";

const STORE: &str = "
insert into broadcasts (
    id, message_type, target_type, target_id, data, digest, created_by, created_at, outbox_id, moved_at
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8)";

const STANDING: &str = "
select
    b.id, b.message_type, b.target_type, b.created_at, b.found_all,
    max(b.moved_at, coalesce(t.at, 0)) as moved_at, t.sockets, t.posted, t.gone, t.given_up
from broadcasts b
join (
    select
        coalesce(sum(c.sockets), 0) as sockets, coalesce(sum(c.posted), 0) as posted,
        coalesce(sum(c.gone), 0) as gone, coalesce(sum(c.given_up), 0) as given_up, max(c.at) as at
    from (
        select
            k.*,
            max(k.sockets) over (partition by k.chunk) > 0 as counts,
            min(k.handed_on) over (
                partition by k.chunk order by k.attempt rows between unbounded preceding and 1 preceding
            ) as handed_on_before
        from broadcast_chunks k
        where k.broadcast_id = ?1
    ) c
    where c.counts and coalesce(c.handed_on_before, 1) > 0
) t
where b.id = ?1";

const MOVE: &str = "
update broadcasts
set steps = steps + 1, after = ?3, moved_at = ?5, found_all = ?4
where id = ?1 and steps = ?2 and not found_all
returning outbox_id";

const FOUND: &str = "
insert into broadcast_chunks (broadcast_id, chunk, attempt, sockets) values (?1, ?2, 0, ?3)
on conflict (broadcast_id, chunk, attempt) do update set sockets = excluded.sockets";

const NOTE_CHUNK: &str = "
insert into broadcast_chunks (broadcast_id, chunk, attempt, posted, gone, handed_on, given_up, at)
select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
where exists (select 1 from broadcasts b where b.id = ?1)
on conflict (broadcast_id, chunk, attempt) do update
set posted = excluded.posted, gone = excluded.gone, handed_on = excluded.handed_on,
    given_up = excluded.given_up, at = excluded.at";

const NOTED: &str = "
select exists (
    select 1 from broadcast_chunks where broadcast_id = ?1 and chunk = ?2 and attempt = ?3 and at is not null
)";

const EXPIRE: &str = "
delete from broadcasts
where id in (select id from broadcasts where created_at < ?1 order by created_at limit ?2)";

#[async_trait]
impl Broadcasts for Sqlite {
    async fn start_broadcast(&self, new: &NewBroadcast, now: UnixMs) -> Result<bool, BroadcastsError> {
        self.transact(async |connection| {
            let earlier = query_scalar("select digest from broadcasts where id = ?1").bind(new.id.0);
            let earlier: Option<Vec<u8>> = earlier.fetch_optional(&mut *connection).await?;
            match earlier {
                Some(earlier) if earlier == new.digest => Ok(false),
                Some(_) => Err(BroadcastsError::Conflict),
                None => {
                    start(connection, new, now).await?;
                    Ok(true)
                }
            }
        })
        .await
    }

    async fn broadcast(&self, id: BroadcastId, now: UnixMs) -> Result<Option<Broadcast>, StoreError> {
        let row = query(STANDING).bind(id.0).fetch_optional(&self.readers).await?;
        row.as_ref().map(|row| standing(row, now)).transpose()
    }

    async fn broadcast_work(&self, id: BroadcastId) -> Result<Option<BroadcastWork>, StoreError> {
        let row = query("select * from broadcasts where id = ?1").bind(id.0);
        row.fetch_optional(&self.readers).await?.as_ref().map(work).transpose()
    }

    async fn note_step(&self, taken: &BroadcastStepTaken, now: UnixMs) -> Result<bool, StoreError> {
        self.transact(async |connection| note_step(connection, taken, now).await).await
    }

    async fn chunk_noted(&self, chunk: BroadcastChunk, attempt: u8) -> Result<bool, StoreError> {
        let noted = query_scalar(NOTED).bind(chunk.broadcast.0).bind(chunk.chunk).bind(i64::from(attempt));
        Ok(noted.fetch_one(&self.readers).await?)
    }

    async fn note_chunk(
        &self,
        chunk: BroadcastChunk,
        attempt: u8,
        tally: ChunkTally,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        query(NOTE_CHUNK)
            .bind(chunk.broadcast.0)
            .bind(chunk.chunk)
            .bind(i64::from(attempt))
            .bind(i64::from(tally.posted))
            .bind(i64::from(tally.gone))
            .bind(i64::from(tally.handed_on))
            .bind(i64::from(tally.given_up))
            .bind(now.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn expire_broadcasts(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError> {
        let removed = query(EXPIRE).bind(before.0).bind(i64::from(limit)).execute(&self.writer).await?;
        Ok(removed.rows_affected())
    }
}

async fn start(connection: &mut SqliteConnection, new: &NewBroadcast, now: UnixMs) -> Result<(), StoreError> {
    let payload = serde_json::to_string(&new.first_step());
    let payload = payload.map_err(|error| StoreError::Internal(error.to_string()))?;
    let outbox: i64 = query_scalar(OPEN)
        .bind(TOPIC_BROADCASTS)
        .bind(payload)
        .bind(now.0)
        .bind(now.plus(OUTBOX_DUE_MS).0)
        .fetch_one(&mut *connection)
        .await?;
    query(STORE)
        .bind(new.id.0)
        .bind(word(new.kind))
        .bind(word(new.target.scope()))
        .bind(new.target.id())
        .bind(storable_json(&new.data).to_string())
        .bind(&new.digest[..])
        .bind(new.created_by.0)
        .bind(now.0)
        .bind(outbox)
        .execute(connection)
        .await?;
    Ok(())
}

async fn note_step(
    connection: &mut SqliteConnection,
    taken: &BroadcastStepTaken,
    now: UnixMs,
) -> Result<bool, StoreError> {
    let moved: Option<i64> = query_scalar(MOVE)
        .bind(taken.broadcast.0)
        .bind(i64::from(taken.step))
        .bind(taken.after.as_ref().map(|after| storable(&after.0)))
        .bind(taken.is_last)
        .bind(now.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(outbox) = moved else { return Ok(false) };
    for (chunk, sockets) in &taken.chunks {
        let found = query(FOUND).bind(taken.broadcast.0).bind(chunk).bind(i64::from(*sockets));
        found.execute(&mut *connection).await?;
    }
    if taken.is_last {
        query("delete from outbox where id = ?1").bind(outbox).execute(connection).await?;
    }
    Ok(true)
}

fn standing(row: &SqliteRow, now: UnixMs) -> Result<Broadcast, StoreError> {
    let tally = BroadcastTally {
        sockets: row.try_get("sockets")?,
        posted: row.try_get("posted")?,
        gone: row.try_get("gone")?,
        given_up: row.try_get("given_up")?,
        moved_at: UnixMs(row.try_get("moved_at")?),
        found_all: row.try_get("found_all")?,
    };
    let (kind, scope) = (from_word(row.try_get("message_type")?)?, from_word(row.try_get("target_type")?)?);
    let (id, created_at) = (BroadcastId(row.try_get("id")?), UnixMs(row.try_get("created_at")?));
    Ok(Broadcast::standing((id, kind, scope), created_at, tally, now))
}

fn work(row: &SqliteRow) -> Result<BroadcastWork, StoreError> {
    let data: String = row.try_get("data")?;
    Ok(BroadcastWork {
        kind: from_word(row.try_get("message_type")?)?,
        target: BroadcastTarget::of(from_word(row.try_get("target_type")?)?, row.try_get("target_id")?),
        data: serde_json::from_str(&data).map_err(|error| StoreError::Internal(error.to_string()))?,
        created_at: UnixMs(row.try_get("created_at")?),
        steps: row.try_get("steps")?,
        after: row.try_get::<Option<String>, _>("after")?.map(ConnectionId),
        moved_at: UnixMs(row.try_get("moved_at")?),
        found_all: row.try_get("found_all")?,
    })
}
