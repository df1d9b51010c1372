//! Catching up with many rooms at once.

use std::collections::BTreeMap;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};
use uuid::Uuid;

use super::super::statements;
use super::rows::entry_of;
use crate::ids::{RoomId, Seq};
use crate::ports::{CaughtUp, Resumption, Standing, StoreError};

pub(super) async fn resume(connection: &mut PgConnection, from: &Resumption) -> Result<CaughtUp, StoreError> {
    let (rooms, seqs): (Vec<i64>, Vec<i64>) = from.rooms.iter().map(|(room, seq)| (room.0, seq.0)).unzip();
    let rows = query(statements::RESUME)
        .bind(from.user.0)
        .bind(rooms)
        .bind(seqs)
        .bind(from.epoch)
        .bind(i64::from(from.max_entries))
        .bind(i64::from(from.max_bytes))
        .bind(i64::from(from.max_others))
        .fetch_all(connection)
        .await?;
    caught_up(&rows)
}

fn caught_up(rows: &[PgRow]) -> Result<CaughtUp, StoreError> {
    let this = rows.first().ok_or_else(|| StoreError::Internal("the database has no epoch".to_owned()))?;
    let (mut rooms, mut others, mut entries) = (BTreeMap::new(), Vec::new(), Vec::new());
    for row in rows {
        let Some(room) = row.try_get::<Option<i64>, _>("room")?.map(RoomId) else { continue };
        match standing(row, room)? {
            Some(standing) => drop(rooms.insert(room, standing)),
            None => others.push((room, Seq(row.try_get("last_seq")?))),
        }
        if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
            entries.push(entry_of(row)?);
        }
    }
    Ok(CaughtUp { epoch: this.try_get("epoch")?, rooms: rooms.into_values().collect(), others, entries })
}

/// None for a room that was not named.
fn standing(row: &PgRow, room: RoomId) -> Result<Option<Standing>, StoreError> {
    let Some(asked) = row.try_get::<Option<i64>, _>("asked")?.map(Seq) else { return Ok(None) };
    let since: i64 = row.try_get("since")?;
    Ok(Some(Standing {
        room,
        first_seq: Seq(row.try_get("first_seq")?),
        last_seq: Seq(row.try_get("last_seq")?),
        asked,
        since: Seq(since),
        gap: since > row.try_get("wanted")?,
    }))
}
