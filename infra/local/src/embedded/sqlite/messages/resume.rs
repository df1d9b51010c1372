//! Catching up with many rooms at once.

use std::collections::BTreeMap;

use shared::ids::{RoomId, Seq};
use shared::ports::{CaughtUp, Resumption, Standing, StoreError};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query};
use uuid::Uuid;

use super::super::rows::{self, entry_columns};

const RESUME: &str = concat!(
    include_str!("resume.sql"),
    "select this.id as epoch, r.id as room, r.first_seq, r.last_seq, r.asked, r.wanted, r.since, ",
    entry_columns!(),
    " from epoch this \
     left join rooms_of r on true \
     left join (entries e join messages m on m.id = e.id join users s on s.id = m.sender_id) \
         on m.room_id = r.id and e.bytes - e.size < ?5 \
     order by e.behind, m.room_id, m.seq"
);

pub(super) async fn resume(
    connection: &mut SqliteConnection,
    from: &Resumption,
) -> Result<CaughtUp, StoreError> {
    let pairs = from.rooms.iter().map(|(room, seq)| serde_json::json!([room, seq]));
    let pairs = serde_json::Value::from_iter(pairs).to_string();
    let rows = query(RESUME)
        .bind(from.user.0)
        .bind(pairs)
        .bind(from.epoch)
        .bind(i64::from(from.max_entries))
        .bind(i64::from(from.max_bytes))
        .bind(i64::from(from.max_others))
        .fetch_all(connection)
        .await?;
    caught_up(&rows)
}

fn caught_up(rows: &[SqliteRow]) -> Result<CaughtUp, StoreError> {
    let this = rows.first().ok_or_else(|| StoreError::Internal("the file has no epoch".to_owned()))?;
    let (mut rooms, mut others, mut entries) = (BTreeMap::new(), Vec::new(), Vec::new());
    for row in rows {
        let Some(room) = row.try_get::<Option<i64>, _>("room")?.map(RoomId) else { continue };
        match standing(row, room)? {
            Some(standing) => drop(rooms.insert(room, standing)),
            None => others.push((room, Seq(row.try_get("last_seq")?))),
        }
        if row.try_get::<Option<Uuid>, _>("message_id")?.is_some() {
            entries.push(rows::entry(row)?);
        }
    }
    Ok(CaughtUp { epoch: this.try_get("epoch")?, rooms: rooms.into_values().collect(), others, entries })
}

/// None for a room that was not named.
fn standing(row: &SqliteRow, room: RoomId) -> Result<Option<Standing>, StoreError> {
    let Some(asked) = row.try_get::<Option<i64>, _>("asked")?.map(Seq) else { return Ok(None) };
    let since: i64 = row.try_get("since")?;
    Ok(Some(Standing {
        room,
        first_seq: Seq(row.try_get("first_seq")?),
        last_seq: Seq(row.try_get("last_seq")?),
        asked,
        since: Seq(since),
        gap: since > row.try_get::<i64, _>("wanted")?,
    }))
}
