//! How events and their deliveries read.

use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::clock::UnixMs;
use crate::ids::{DeliveryId, EventId, UserId};
use crate::model::{Attempt, Delivery, ServiceEvent};
use crate::names::ServiceName;
use crate::ports::{DeliveryDue, StoreError};
use crate::postgres::times::{time_of, unix_ms};
use crate::sql::from_word;

pub(super) fn event_of(row: &PgRow) -> Result<ServiceEvent, StoreError> {
    Ok(ServiceEvent {
        id: id_of(row, "id")?,
        kind: from_word(row.try_get("type")?)?,
        source_service: service_of(row.try_get("source_service")?)?,
        target_service: row.try_get::<Option<String>, _>("target_service")?.map(service_of).transpose()?,
        data: row.try_get::<Json<Value>, _>("data")?.0,
        priority: small(row.try_get("priority")?),
        published_by: row.try_get::<Option<i64>, _>("published_by")?.map(UserId),
        created_at: time_of(row, "created_at")?,
    })
}

pub(super) fn delivery_of(row: &PgRow, id: &str) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.try_get(id)?),
        event: id_of(row, "event_id")?,
        service: service_of(row.try_get("service")?)?,
        state: from_word(row.try_get("state")?)?,
        rounds: count(row.try_get("rounds")?),
        revived_after: count(row.try_get("revived_after")?),
        due_at: time_of(row, "due_at")?,
        settled_at: row.try_get::<Option<OffsetDateTime>, _>("settled_at")?.map(unix_ms),
        reason: row.try_get("reason")?,
    })
}

pub(super) fn delivery_and_event(row: &PgRow) -> Result<(Delivery, ServiceEvent), StoreError> {
    Ok((delivery_of(row, "delivery")?, event_of(row)?))
}

pub(super) fn due_of(row: &PgRow) -> Result<DeliveryDue, StoreError> {
    Ok(DeliveryDue {
        delivery: DeliveryId(row.try_get("id")?),
        round: count(row.try_get("rounds")?) + 1,
        priority: small(row.try_get("priority")?),
    })
}

/// Rows of one delivery follow each other.
pub(super) fn with_attempts(rows: &[PgRow]) -> Result<Vec<(Delivery, Vec<Attempt>)>, StoreError> {
    let mut deliveries: Vec<(Delivery, Vec<Attempt>)> = Vec::new();
    for row in rows {
        let delivery = delivery_of(row, "id")?;
        if deliveries.last().is_none_or(|(last, _)| last.id != delivery.id) {
            deliveries.push((delivery, Vec::new()));
        }
        if let (Some((_, attempts)), Some(attempt)) = (deliveries.last_mut(), attempt_of(row)?) {
            attempts.push(attempt);
        }
    }
    Ok(deliveries)
}

fn attempt_of(row: &PgRow) -> Result<Option<Attempt>, StoreError> {
    let Some(round) = row.try_get::<Option<i32>, _>("round")? else { return Ok(None) };
    Ok(Some(Attempt {
        round: count(round),
        url: row.try_get("url")?,
        at: time_of(row, "at")?,
        took_ms: count(row.try_get("took_ms")?),
        status: row.try_get::<Option<i16>, _>("status")?.map(i16::cast_unsigned),
        error: row.try_get("error")?,
    }))
}

pub(super) fn id_of(row: &PgRow, column: &str) -> Result<EventId, StoreError> {
    EventId::parse(row.try_get(column)?).map_err(StoreError::Internal)
}

fn service_of(name: String) -> Result<ServiceName, StoreError> {
    ServiceName::parse(&name).map_err(StoreError::Internal)
}

/// Counts are written from unsigned ones, so nothing is lost.
fn count(stored: i32) -> u32 {
    stored.unsigned_abs()
}

fn small(stored: i16) -> u8 {
    u8::try_from(stored).unwrap_or(u8::MAX)
}

/// When a time is one.
pub(super) fn earlier_at(row: &PgRow) -> Result<Option<UnixMs>, StoreError> {
    Ok(row.try_get::<Option<OffsetDateTime>, _>("earlier_at")?.map(unix_ms))
}
