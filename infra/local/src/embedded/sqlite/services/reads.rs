use serde_json::json;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{EventType, Listing, Page, Service, ServiceInstance};
use shared::names::ServiceName;
use shared::ports::{InstanceTally, ServicesError, StoreError, Target};
use shared::registry::{Choice, TargetRow, gathered};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query};

use super::rows::{instance, joined_instance};

const LIST: &str = "
select s.*, count(*) over () as total,
    (select group_concat(event_type, ' ') from service_subscriptions where service = s.name) as subscriptions
from services s
order by s.name
limit ?1 offset ?2";

const ONE: &str = "
select s.*,
    (select group_concat(event_type, ' ') from service_subscriptions where service = s.name) as subscriptions
from services s
where s.name = ?1";

const INSTANCES: &str = "
select * from service_instances
where service in (select value from json_each(?1))
order by registered_at, id";

const TAKE_TURN: &str = "update services set turn = turn + 1 where name = ?1";

const HEALTHY: &str = "
select s.turn, i.*
from services s
left join service_instances i on i.service = s.name and i.health = 'up'
where s.name = ?1
order by i.registered_at, i.id";

const TARGETS: &str = "
select s.name, s.secret, case when s.old_until > ?2 then s.old_secret end as valid_secret, i.*
from services s
left join service_instances i on i.service = s.name and i.health = 'up'
where s.name in (select value from json_each(?1))
order by s.name, i.registered_at, i.id";

const TALLY: &str = "
select count(*) filter (where health = 'unknown') as unknown,
    count(*) filter (where health = 'up') as up,
    count(*) filter (where health = 'down') as down
from service_instances";

pub(super) async fn tally(connection: &mut SqliteConnection) -> Result<InstanceTally, StoreError> {
    let row = query(TALLY).fetch_one(connection).await?;
    Ok(InstanceTally { unknown: row.try_get("unknown")?, up: row.try_get("up")?, down: row.try_get("down")? })
}

pub(super) async fn services(
    connection: &mut SqliteConnection,
    page: Page,
) -> Result<Listing<Service>, StoreError> {
    let list = query(LIST).bind(page.size).bind(page.offset());
    let rows = list.fetch_all(&mut *connection).await?;
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    Ok(Listing { items: with_instances(connection, &rows).await?, total })
}

pub(super) async fn service(
    connection: &mut SqliteConnection,
    name: &ServiceName,
) -> Result<Option<Service>, StoreError> {
    let rows = query(ONE).bind(name.as_str()).fetch_all(&mut *connection).await?;
    Ok(with_instances(connection, &rows).await?.pop())
}

async fn with_instances(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<Service>, StoreError> {
    let mut services = rows.iter().map(bare).collect::<Result<Vec<_>, StoreError>>()?;
    let names: Vec<ServiceName> = services.iter().map(|service| service.name.clone()).collect();
    for instance in instances(connection, &names).await? {
        let service = services.iter_mut().find(|service| service.name == instance.service_name);
        service.into_iter().for_each(|service| service.instances.push(instance.clone()));
    }
    Ok(services)
}

/// Without its instances.
fn bare(row: &SqliteRow) -> Result<Service, StoreError> {
    let name: String = row.try_get("name")?;
    let types = row.try_get::<Option<String>, _>("subscriptions")?.unwrap_or_default();
    let mut subscriptions: Vec<_> = types.split(' ').filter_map(EventType::named).collect();
    subscriptions.sort_unstable();
    Ok(Service {
        name: ServiceName::parse(&name).map_err(StoreError::Internal)?,
        owner_id: row.try_get::<Option<i64>, _>("owner_id")?.map(UserId),
        created_at: UnixMs(row.try_get("created_at")?),
        subscriptions,
        instances: Vec::new(),
    })
}

/// Of these services, in the order of their registration.
pub(super) async fn instances(
    connection: &mut SqliteConnection,
    services: &[ServiceName],
) -> Result<Vec<ServiceInstance>, StoreError> {
    let rows = query(INSTANCES).bind(json!(services).to_string()).fetch_all(connection).await?;
    rows.iter().map(instance).collect()
}

pub(super) async fn take_turn(
    connection: &mut SqliteConnection,
    service: &ServiceName,
) -> Result<(), StoreError> {
    query(TAKE_TURN).bind(service.as_str()).execute(connection).await?;
    Ok(())
}

pub(super) async fn choose(
    connection: &mut SqliteConnection,
    service: &ServiceName,
    choice: &Choice,
) -> Result<ServiceInstance, ServicesError> {
    let rows = query(HEALTHY).bind(service.as_str()).fetch_all(connection).await?;
    let turn: i64 = rows.first().ok_or(ServicesError::Unknown)?.try_get("turn")?;
    let healthy = rows.iter().filter_map(|row| joined_instance(row).transpose());
    let healthy = healthy.collect::<Result<Vec<_>, StoreError>>()?;
    choice.pick(healthy, turn.unsigned_abs()).ok_or(ServicesError::NoneHealthy)
}

pub(super) async fn targets(
    connection: &mut SqliteConnection,
    services: &[ServiceName],
    now: UnixMs,
) -> Result<Vec<Target>, StoreError> {
    let read = query(TARGETS).bind(json!(services).to_string()).bind(now.0);
    let rows = read.fetch_all(connection).await?;
    gathered(rows.iter().map(target_row))
}

fn target_row(row: &SqliteRow) -> Result<TargetRow, StoreError> {
    Ok(TargetRow {
        service: row.try_get("name")?,
        secret: row.try_get("secret")?,
        old_secret: row.try_get("valid_secret")?,
        instance: joined_instance(row)?,
    })
}
