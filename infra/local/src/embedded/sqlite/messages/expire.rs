//! Entries past their retention.

use shared::clock::UnixMs;
use shared::ids::MessageId;
use shared::ports::StoreError;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, query};

/// The head of each log that holds one of the oldest entries, as in Postgres' expire.sql.
const HEADS: &str = "
select room_id, max(seq) as seq
from (select room_id, seq from messages where id < ?1 order by id limit ?2)
group by room_id";

pub(super) async fn expire(
    connection: &mut SqliteConnection,
    cutoff: UnixMs,
    limit: u32,
) -> Result<u64, StoreError> {
    let heads = query(HEADS)
        .bind(MessageId::first_at(cutoff).0)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    let mut removed = 0;
    for head in heads {
        let (room, seq): (i64, i64) = (head.try_get("room_id")?, head.try_get("seq")?);
        let done = query("delete from messages where room_id = ?1 and seq <= ?2")
            .bind(room)
            .bind(seq)
            .execute(&mut *connection)
            .await?;
        removed += done.rows_affected();
        query("update rooms set first_seq = ?2 + 1 where id = ?1")
            .bind(room)
            .bind(seq)
            .execute(&mut *connection)
            .await?;
    }
    Ok(removed)
}
