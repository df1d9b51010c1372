use sqlx::postgres::{PgConnection, PgRow};
use sqlx::query;
use uuid::Uuid;

use super::super::statements;
use super::super::times::timestamp;
use super::rows::instance;
use crate::clock::UnixMs;
use crate::model::ServiceInstance;
use crate::ports::{Checked, InstanceChange, InstanceStep, StoreError};
use crate::registry::Standing;
use crate::sql::word;

/// In the order of their ids, so that two who write the same ones wait for each other in turn.
const LOCK: &str = "select * from service_instances where id = any($1) order by id for update";

const WRITE: &str = "
update service_instances i
set health = c.health, failures = c.failures, successes = c.successes, checked_at = $5,
    last_seen = case when c.failures = 0 then greatest(i.last_seen, $5) else i.last_seen end
from unnest($1::uuid[], $2::text[], $3::integer[], $4::integer[]) as c (id, health, failures, successes)
where i.id = c.id";

pub(super) async fn claim(
    connection: &mut PgConnection,
    now: UnixMs,
    interval_ms: i64,
    limit: u32,
) -> Result<Vec<ServiceInstance>, StoreError> {
    let claim = query(statements::CLAIM_CHECKS)
        .bind(timestamp(now))
        .bind(timestamp(now.plus(interval_ms)))
        .bind(i64::from(limit));
    all(&claim.fetch_all(connection).await?)
}

pub(super) async fn note(
    connection: &mut PgConnection,
    checked: &[Checked],
    now: UnixMs,
) -> Result<Vec<InstanceChange>, StoreError> {
    let ids: Vec<Uuid> = checked.iter().map(|check| check.instance.0).collect();
    let before = all(&query(LOCK).bind(&ids).fetch_all(&mut *connection).await?)?;
    let after = Standing::after_checks(&before, checked);
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let write = query(WRITE)
        .bind(after.iter().map(|(instance, _)| instance.id.0).collect::<Vec<_>>())
        .bind(after.iter().map(|(_, standing)| word(standing.health)).collect::<Vec<_>>())
        .bind(after.iter().map(|(_, standing)| count(standing.failures)).collect::<Vec<_>>())
        .bind(after.iter().map(|(_, standing)| count(standing.successes)).collect::<Vec<_>>())
        .bind(timestamp(now));
    write.execute(connection).await?;
    Ok(after.iter().filter_map(|(instance, standing)| standing.change_of(instance)).collect())
}

pub(super) async fn drop_silent(
    connection: &mut PgConnection,
    before: UnixMs,
    limit: u32,
) -> Result<Vec<InstanceChange>, StoreError> {
    let dropped = query(statements::DROP_SILENT).bind(timestamp(before)).bind(i64::from(limit));
    let dropped = all(&dropped.fetch_all(connection).await?)?;
    Ok(dropped.iter().map(|instance| InstanceChange::of(InstanceStep::Dropped, instance)).collect())
}

fn all(rows: &[PgRow]) -> Result<Vec<ServiceInstance>, StoreError> {
    rows.iter().map(instance).collect()
}
