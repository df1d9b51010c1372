use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::times::{time_of, unix_ms};
use crate::ids::InstanceId;
use crate::model::ServiceInstance;
use crate::names::ServiceName;
use crate::ports::{InstanceRef, StoreError};
use crate::sql::from_word;

/// The id or the URL, whichever it goes by.
pub(super) fn named(which: &InstanceRef) -> (Option<Uuid>, Option<&str>) {
    match which {
        InstanceRef::Id(id) => (Some(id.0), None),
        InstanceRef::Url(url) => (None, Some(url)),
    }
}

pub(super) fn instance(row: &PgRow) -> Result<ServiceInstance, StoreError> {
    let count = |name| row.try_get::<i32, _>(name).map(|count| u32::try_from(count).unwrap_or(0));
    let service: String = row.try_get("service")?;
    Ok(ServiceInstance {
        id: InstanceId(row.try_get("id")?),
        service_name: ServiceName::parse(&service).map_err(StoreError::Internal)?,
        service_url: row.try_get("url")?,
        events_url: row.try_get("events_url")?,
        health_check_url: row.try_get("health_url")?,
        metadata: row.try_get::<Json<_>, _>("metadata")?.0,
        load: row.try_get("load")?,
        health: from_word(row.try_get("health")?)?,
        failures: count("failures")?,
        successes: count("successes")?,
        checked_at: row.try_get::<Option<OffsetDateTime>, _>("checked_at")?.map(unix_ms),
        last_seen: time_of(row, "last_seen")?,
        registered_at: time_of(row, "registered_at")?,
    })
}

/// None where a left join found no instance.
pub(super) fn joined_instance(row: &PgRow) -> Result<Option<ServiceInstance>, StoreError> {
    let is_there = row.try_get::<Option<Uuid>, _>("id")?.is_some();
    is_there.then(|| instance(row)).transpose()
}
