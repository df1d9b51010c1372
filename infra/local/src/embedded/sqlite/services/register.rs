use serde_json::json;
use shared::model::{EventType, ServiceInstance};
use shared::names::ServiceName;
use shared::ports::{
    InstanceChange, InstanceStep, NewInstance, Registered, RegistryLimits, ServicesError, StoreError,
};
use shared::registry::Standing;
use shared::sql::{storable, storable_json, word};
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::rows::instance;

const MAKE_SERVICE: &str = "
insert into services (name, secret, created_at, owner_id)
select ?1, ?2, ?3, ?5
where (select count(*) from services) < ?4";

/// One that was registered before owners were kept.
const TAKE: &str = "update services set owner_id = ?2 where name = ?1 and owner_id is null";

/// What a known one keeps: its id, its load, and since when it is known.
const WRITE: &str = "
insert into service_instances (
    id, service, url, events_url, health_url, metadata, health, failures, successes, checked_at, check_due_at,
    last_seen, registered_at, registered_by
)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13)
on conflict (service, url) do update
set events_url = excluded.events_url, health_url = excluded.health_url, metadata = excluded.metadata,
    health = excluded.health, failures = excluded.failures, successes = excluded.successes,
    checked_at = excluded.checked_at, check_due_at = excluded.check_due_at, last_seen = excluded.last_seen,
    registered_by = excluded.registered_by
returning *";

const SUBSCRIBE: &str = "
insert into service_subscriptions (service, event_type)
select ?1, value from json_each(?2) where true
on conflict do nothing";

pub(super) async fn register(
    connection: &mut SqliteConnection,
    new: &NewInstance,
    limits: RegistryLimits,
) -> Result<Registered, ServicesError> {
    let service_is_new = own_service(connection, new, limits.services).await?;
    let before = before(connection, new).await?;
    if before.is_none() && count(connection, &new.service).await? >= i64::from(limits.instances) {
        return Err(ServicesError::FullOfInstances(limits.instances));
    }
    let instance = write(connection, new, Standing::renewed(before.as_ref(), new.checked)).await?;
    if let Some(types) = &new.subscriptions {
        subscribe(connection, &new.service, types).await?;
    }
    let change = InstanceStep::between(before.as_ref(), &instance);
    let change = change.map(|step| InstanceChange::of(step, &instance));
    Ok(Registered { instance, service_is_new, change })
}

/// Makes the service, or sees that it is theirs; whether it was made.
async fn own_service(
    connection: &mut SqliteConnection,
    new: &NewInstance,
    most: u32,
) -> Result<bool, ServicesError> {
    match super::may(connection, new.by, &new.service).await {
        Ok(()) => {
            query(TAKE).bind(new.service.as_str()).bind(new.by.user.0).execute(connection).await?;
            Ok(false)
        }
        Err(ServicesError::Unknown) => make_service(connection, new, most).await.map(|()| true),
        Err(error) => Err(error),
    }
}

async fn make_service(
    connection: &mut SqliteConnection,
    new: &NewInstance,
    most: u32,
) -> Result<(), ServicesError> {
    let make = query(MAKE_SERVICE).bind(new.service.as_str()).bind(new.secret.expose());
    let made = make.bind(new.now.0).bind(most).bind(new.by.user.0).execute(connection).await?;
    if made.rows_affected() == 0 { Err(ServicesError::Full(most)) } else { Ok(()) }
}

/// The instance of that URL.
async fn before(
    connection: &mut SqliteConnection,
    new: &NewInstance,
) -> Result<Option<ServiceInstance>, StoreError> {
    let found = query("select * from service_instances where service = ?1 and url = ?2");
    let found = found.bind(new.service.as_str()).bind(storable(&new.url)).fetch_optional(connection).await?;
    found.as_ref().map(instance).transpose()
}

async fn count(connection: &mut SqliteConnection, service: &ServiceName) -> Result<i64, StoreError> {
    let count = query_scalar("select count(*) from service_instances where service = ?1");
    Ok(count.bind(service.as_str()).fetch_one(connection).await?)
}

async fn write(
    connection: &mut SqliteConnection,
    new: &NewInstance,
    standing: Standing,
) -> Result<ServiceInstance, StoreError> {
    let write = query(WRITE)
        .bind(new.id.0)
        .bind(new.service.as_str())
        .bind(storable(&new.url))
        .bind(storable(&new.events_url))
        .bind(new.health_check_url.as_deref().map(storable))
        .bind(storable_json(&new.metadata).to_string())
        .bind(word(standing.health))
        .bind(standing.failures)
        .bind(standing.successes)
        .bind(new.checked.map(|_| new.now.0))
        .bind(new.check_due_at.map(|due| due.0))
        .bind(new.now.0)
        .bind(new.by.user.0);
    instance(&write.fetch_one(connection).await?)
}

/// Sets them all.
pub(super) async fn subscribe(
    connection: &mut SqliteConnection,
    service: &ServiceName,
    types: &[EventType],
) -> Result<(), StoreError> {
    let forget = query("delete from service_subscriptions where service = ?1").bind(service.as_str());
    forget.execute(&mut *connection).await?;
    let names = json!(types.iter().map(|kind| kind.name()).collect::<Vec<_>>()).to_string();
    query(SUBSCRIBE).bind(service.as_str()).bind(names).execute(connection).await?;
    Ok(())
}
