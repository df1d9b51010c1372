use shared::clock::UnixMs;
use shared::ids::InstanceId;
use shared::model::ServiceInstance;
use shared::names::ServiceName;
use shared::ports::{InstanceRef, StoreError};
use shared::sql::from_word;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// The id or the URL, whichever it goes by.
pub(super) fn named(which: &InstanceRef) -> (Option<Uuid>, Option<&str>) {
    match which {
        InstanceRef::Id(id) => (Some(id.0), None),
        InstanceRef::Url(url) => (None, Some(url)),
    }
}

pub(super) fn instance(row: &SqliteRow) -> Result<ServiceInstance, StoreError> {
    let (service, metadata): (String, String) = (row.try_get("service")?, row.try_get("metadata")?);
    Ok(ServiceInstance {
        id: InstanceId(row.try_get("id")?),
        service_name: ServiceName::parse(&service).map_err(StoreError::Internal)?,
        service_url: row.try_get("url")?,
        events_url: row.try_get("events_url")?,
        health_check_url: row.try_get("health_url")?,
        metadata: serde_json::from_str(&metadata).map_err(|error| StoreError::Internal(error.to_string()))?,
        load: row.try_get("load")?,
        health: from_word(row.try_get("health")?)?,
        failures: row.try_get("failures")?,
        successes: row.try_get("successes")?,
        checked_at: row.try_get::<Option<i64>, _>("checked_at")?.map(UnixMs),
        last_seen: UnixMs(row.try_get("last_seen")?),
        registered_at: UnixMs(row.try_get("registered_at")?),
    })
}

/// None where a left join found no instance.
pub(super) fn joined_instance(row: &SqliteRow) -> Result<Option<ServiceInstance>, StoreError> {
    let is_there = row.try_get::<Option<Uuid>, _>("id")?.is_some();
    is_there.then(|| instance(row)).transpose()
}
