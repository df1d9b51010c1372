use std::collections::HashMap;

use serde_json::Value;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Row, query};

use super::rows::{delivery_of, earlier_at, id_of};
use super::statements;
use crate::clock::UnixMs;
use crate::ids::{EventId, UserId};
use crate::names::ServiceName;
use crate::ports::{EventsError, NewEvent, StoreError, StoredEvent};
use crate::postgres::times::timestamp;
use crate::sql::{EarlierEvent, broken_rule, distinct_events, in_the_order_of, storable_json};

/// How often the statement is run while others store one of its ids under it.
const ATTEMPTS: u32 = 5;

pub(super) async fn publish(
    connection: &mut PgConnection,
    new: &[NewEvent],
    now: UnixMs,
) -> Result<Vec<StoredEvent>, EventsError> {
    let distinct = distinct_events(new)?;
    for _ in 0..ATTEMPTS {
        if let Some(rows) = once(connection, &distinct, now).await? {
            return Ok(in_the_order_of(new, &stored(&rows, &distinct, now)?)?);
        }
    }
    Err(StoreError::Unavailable("others keep storing events of these ids".to_owned()).into())
}

/// Runs the statement; None when another connection stored one of the ids first.
async fn once(
    connection: &mut PgConnection,
    new: &[&NewEvent],
    now: UnixMs,
) -> Result<Option<Vec<PgRow>>, EventsError> {
    let ids: Vec<&str> = new.iter().map(|event| event.id.as_str()).collect();
    let types: Vec<&str> = new.iter().map(|event| event.kind.name()).collect();
    let sources: Vec<&str> = new.iter().map(|event| event.source_service.as_str()).collect();
    let targets: Vec<Option<&str>> =
        new.iter().map(|event| event.target_service.as_ref().map(ServiceName::as_str)).collect();
    let data: Vec<Json<Value>> = new.iter().map(|event| Json(storable_json(&event.data))).collect();
    let digests: Vec<&[u8]> = new.iter().map(|event| &event.digest[..]).collect();
    let priorities: Vec<i16> = new.iter().map(|event| event.priority.into()).collect();
    let publishers: Vec<Option<i64>> =
        new.iter().map(|event| event.published_by.map(|user| user.0)).collect();
    let rows = query(statements::PUBLISH)
        .bind(&ids)
        .bind(&types)
        .bind(&sources)
        .bind(&targets)
        .bind(&data)
        .bind(&digests)
        .bind(&priorities)
        .bind(&publishers)
        .bind(timestamp(now))
        .fetch_all(connection)
        .await;
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if broken_rule(&error) == Some("events_pkey") => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn stored(
    rows: &[PgRow],
    new: &[&NewEvent],
    now: UnixMs,
) -> Result<HashMap<EventId, StoredEvent>, EventsError> {
    let new: HashMap<&EventId, &NewEvent> = new.iter().map(|event| (&event.id, *event)).collect();
    let mut stored = HashMap::<EventId, StoredEvent>::new();
    for row in rows {
        let id = id_of(row, "event")?;
        let Some(new) = new.get(&id) else { continue };
        let event = match earlier(row)? {
            Some(earlier) => earlier.repeated(new)?,
            None => new.stored_at(now),
        };
        let stored = stored.entry(id).or_insert(StoredEvent { event, deliveries: Vec::new() });
        if row.try_get::<Option<i64>, _>("id")?.is_some() {
            stored.deliveries.push(delivery_of(row, "id")?);
        }
    }
    Ok(stored)
}

fn earlier(row: &PgRow) -> Result<Option<EarlierEvent>, StoreError> {
    let Some(created_at) = earlier_at(row)? else { return Ok(None) };
    let digest: Vec<u8> = row.try_get("earlier_digest")?;
    let digest = digest.try_into().map_err(|_| StoreError::Internal("a digest has 32 bytes".to_owned()))?;
    let published_by = row.try_get::<Option<i64>, _>("earlier_by")?.map(UserId);
    Ok(Some(EarlierEvent { digest, published_by, created_at }))
}
