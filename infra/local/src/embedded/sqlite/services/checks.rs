use serde_json::json;
use shared::clock::UnixMs;
use shared::ids::InstanceId;
use shared::model::ServiceInstance;
use shared::ports::{Checked, InstanceChange, InstanceStep, StoreError};
use shared::registry::Standing;
use shared::sql::word;
use sqlx::query;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::instance;

const CLAIM: &str = "
update service_instances
set check_due_at = ?2
where id in (select id from service_instances where check_due_at <= ?1 order by check_due_at limit ?3)
returning *";

const READ: &str = "
select * from service_instances
where lower(hex(id)) in (select value from json_each(?1))
order by id";

const WRITE: &str = "
update service_instances
set health = ?2, failures = ?3, successes = ?4, checked_at = ?5,
    last_seen = case when ?3 = 0 then max(last_seen, ?5) else last_seen end
where id = ?1";

const DROP: &str = "
delete from service_instances
where id in (select id from service_instances where last_seen < ?1 order by last_seen limit ?2)
returning *";

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    now: UnixMs,
    interval_ms: i64,
    limit: u32,
) -> Result<Vec<ServiceInstance>, StoreError> {
    let claim = query(CLAIM).bind(now.0).bind(now.plus(interval_ms).0).bind(limit);
    all(&claim.fetch_all(connection).await?)
}

pub(super) async fn note(
    connection: &mut SqliteConnection,
    checked: &[Checked],
    now: UnixMs,
) -> Result<Vec<InstanceChange>, StoreError> {
    let ids: Vec<String> = checked.iter().map(|check| check.instance.0.simple().to_string()).collect();
    let before = query(READ).bind(json!(ids).to_string()).fetch_all(&mut *connection).await?;
    let before = all(&before)?;
    let after = Standing::after_checks(&before, checked);
    for (instance, standing) in &after {
        write(connection, instance.id, *standing, now).await?;
    }
    Ok(after.iter().filter_map(|(instance, standing)| standing.change_of(instance)).collect())
}

async fn write(
    connection: &mut SqliteConnection,
    instance: InstanceId,
    standing: Standing,
    now: UnixMs,
) -> Result<(), StoreError> {
    let write = query(WRITE)
        .bind(instance.0)
        .bind(word(standing.health))
        .bind(standing.failures)
        .bind(standing.successes)
        .bind(now.0);
    write.execute(connection).await?;
    Ok(())
}

pub(super) async fn drop_silent(
    connection: &mut SqliteConnection,
    before: UnixMs,
    limit: u32,
) -> Result<Vec<InstanceChange>, StoreError> {
    let dropped = all(&query(DROP).bind(before.0).bind(limit).fetch_all(connection).await?)?;
    Ok(dropped.iter().map(|instance| InstanceChange::of(InstanceStep::Dropped, instance)).collect())
}

fn all(rows: &[SqliteRow]) -> Result<Vec<ServiceInstance>, StoreError> {
    rows.iter().map(instance).collect()
}
