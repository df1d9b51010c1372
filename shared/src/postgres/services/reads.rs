use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};

use super::super::statements;
use super::super::times::{time_of, timestamp};
use super::rows::{instance, joined_instance};
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{EventType, Listing, Page, Service, ServiceInstance};
use crate::names::ServiceName;
use crate::ports::{InstanceTally, ServicesError, StoreError, Target};
use crate::registry::{Choice, TargetRow, gathered};

const LIST: &str = "
select s.*, count(*) over () as total,
    array(select event_type from service_subscriptions where service = s.name) as subscriptions
from services s
order by s.name
limit $1 offset $2";

const ONE: &str = "
select s.*,
    array(select event_type from service_subscriptions where service = s.name) as subscriptions
from services s
where s.name = $1";

const INSTANCES: &str = "
select * from service_instances where service = any($1) order by registered_at, id";

const TALLY: &str = "
select count(*) filter (where health = 'unknown') as unknown,
    count(*) filter (where health = 'up') as up,
    count(*) filter (where health = 'down') as down
from service_instances";

pub(super) async fn services(
    connection: &mut PgConnection,
    page: Page,
) -> Result<Listing<Service>, StoreError> {
    let list = query(LIST).bind(i64::from(page.size)).bind(page.offset());
    let rows = list.fetch_all(&mut *connection).await?;
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    Ok(Listing { items: with_instances(connection, &rows).await?, total })
}

pub(super) async fn service(
    connection: &mut PgConnection,
    name: &ServiceName,
) -> Result<Option<Service>, StoreError> {
    let rows = query(ONE).bind(name.as_str()).fetch_all(&mut *connection).await?;
    Ok(with_instances(connection, &rows).await?.pop())
}

pub(super) async fn tally(connection: &mut PgConnection) -> Result<InstanceTally, StoreError> {
    let row = query(TALLY).fetch_one(connection).await?;
    Ok(InstanceTally { unknown: row.try_get("unknown")?, up: row.try_get("up")?, down: row.try_get("down")? })
}

async fn with_instances(connection: &mut PgConnection, rows: &[PgRow]) -> Result<Vec<Service>, StoreError> {
    let mut services = rows.iter().map(bare).collect::<Result<Vec<_>, StoreError>>()?;
    let names: Vec<String> = services.iter().map(|service| service.name.as_str().to_owned()).collect();
    for instance in instances(connection, &names).await? {
        let service = services.iter_mut().find(|service| service.name == instance.service_name);
        service.into_iter().for_each(|service| service.instances.push(instance.clone()));
    }
    Ok(services)
}

/// Without its instances.
fn bare(row: &PgRow) -> Result<Service, StoreError> {
    let name: String = row.try_get("name")?;
    let types: Vec<String> = row.try_get("subscriptions")?;
    let mut subscriptions: Vec<_> = types.iter().filter_map(|name| EventType::named(name)).collect();
    subscriptions.sort_unstable();
    Ok(Service {
        name: ServiceName::parse(&name).map_err(StoreError::Internal)?,
        owner_id: row.try_get::<Option<i64>, _>("owner_id")?.map(UserId),
        created_at: time_of(row, "created_at")?,
        subscriptions,
        instances: Vec::new(),
    })
}

/// Of these services, in the order of their registration.
pub(super) async fn instances(
    connection: &mut PgConnection,
    services: &[String],
) -> Result<Vec<ServiceInstance>, StoreError> {
    let rows = query(INSTANCES).bind(services).fetch_all(connection).await?;
    rows.iter().map(instance).collect()
}

pub(super) async fn choose(
    connection: &mut PgConnection,
    service: &ServiceName,
    choice: &Choice,
) -> Result<ServiceInstance, ServicesError> {
    let statement = if *choice == Choice::RoundRobin { statements::TAKE_TURN } else { statements::HEALTHY };
    let rows = query(statement).bind(service.as_str()).fetch_all(connection).await?;
    let turn: i64 = rows.first().ok_or(ServicesError::Unknown)?.try_get("turn")?;
    let healthy = rows.iter().filter_map(|row| joined_instance(row).transpose());
    let healthy = healthy.collect::<Result<Vec<_>, StoreError>>()?;
    choice.pick(healthy, turn.unsigned_abs()).ok_or(ServicesError::NoneHealthy)
}

pub(super) async fn targets(
    connection: &mut PgConnection,
    services: &[ServiceName],
    now: UnixMs,
) -> Result<Vec<Target>, StoreError> {
    let names: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    let rows = query(statements::TARGETS).bind(names).bind(timestamp(now)).fetch_all(connection).await?;
    gathered(rows.iter().map(target_row))
}

fn target_row(row: &PgRow) -> Result<TargetRow, StoreError> {
    Ok(TargetRow {
        service: row.try_get("name")?,
        secret: row.try_get("secret")?,
        old_secret: row.try_get("old_secret")?,
        instance: joined_instance(row)?,
    })
}
