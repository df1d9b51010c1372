//! Events between services. The reasons stand beside the statements of Postgres.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use serde_json::Value;
use shared::clock::UnixMs;
use shared::ids::{DeliveryId, EventId, UserId};
use shared::model::{Attempt, Delivery, EventType, ServiceEvent};
use shared::names::ServiceName;
use shared::ports::{
    DELIVERY_AGAIN_MS, DeliveryDue, EventFilter, Events, EventsError, NewEvent, Outcome, StoreError,
    StoredEvent,
};
use shared::sql::{
    EarlierEvent, distinct_events, event_history, from_word, in_the_order_of, storable, storable_json,
};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row, query, query_scalar};

use super::Sqlite;

const STORE: &str = "
insert into events (
    id, type, source_service, target_service, data, digest, priority, published_by, created_at
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const OPEN: &str = "
insert into event_deliveries (event_id, service, state, due_at)
select ?1, service, 'pending', ?4 from (
    select ?2 as service where ?2 is not null
    union
    select service from service_subscriptions where event_type = ?3
)
order by service";

const OF_EVENT: &str = "select * from event_deliveries where event_id = ?1 order by service";

/// `?1` is a list of `[delivery, round]`.
const DUE: &str = "
select
    d.id as delivery, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    e.id, e.type, e.source_service, e.target_service, e.data, e.priority, e.published_by, e.created_at
from json_each(?1) as asked
join event_deliveries d
    on d.id = asked.value ->> 0 and d.state = 'pending' and d.rounds = (asked.value ->> 1) - 1
join events e on e.id = d.event_id
order by d.id";

const RECORD: &str = "
update event_deliveries
set state = ?3, rounds = ?2, due_at = coalesce(?4, due_at),
    settled_at = case when ?3 <> 'pending' then ?6 end, reason = ?5
where id = ?1 and state = 'pending' and rounds = ?2 - 1";

const NOTE_ATTEMPT: &str = "
insert into event_attempts (delivery_id, round, attempt, url, at, took_ms, status, error)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const CLAIM: &str = "
update event_deliveries
set due_at = ?3
where id in (
    select id from event_deliveries where state = 'pending' and due_at between ?1 and ?2
    order by due_at, id limit ?4
)
returning id, rounds, (select e.priority from events e where e.id = event_id) as priority";

const REVIVE: &str = "
update event_deliveries
set state = 'pending', revived_after = rounds, due_at = ?3, settled_at = null, reason = null
where event_id = ?1 and state = 'dead' and (?2 is null or service = ?2)
returning id, rounds, (select e.priority from events e where e.id = event_id) as priority";

const DELIVERIES: &str = "
select
    d.id, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    a.round, a.url, a.at, a.took_ms, a.status, a.error
from event_deliveries d
left join event_attempts a on a.delivery_id = d.id
where d.event_id = ?1
order by d.service, a.round, a.attempt";

const DEAD: &str = "
select
    d.id as delivery, d.event_id, d.service, d.state, d.rounds, d.revived_after, d.due_at, d.settled_at, d.reason,
    e.id, e.type, e.source_service, e.target_service, e.data, e.priority, e.published_by, e.created_at
from event_deliveries d
join events e on e.id = d.event_id
where d.state = 'dead' and d.id < ?1
order by d.id desc
limit ?2";

const EXPIRE: &str = "
delete from events
where id in (
    select e.id from events e
    where e.created_at < ?1
      and not exists (select 1 from event_deliveries d where d.event_id = e.id and d.state = 'pending')
    order by e.created_at, e.id
    limit ?2
)";

#[async_trait]
impl Events for Sqlite {
    async fn publish_events(&self, new: &[NewEvent], now: UnixMs) -> Result<Vec<StoredEvent>, EventsError> {
        self.transact(async |connection| {
            let mut stored = HashMap::new();
            for event in distinct_events(new)? {
                stored.insert(event.id.clone(), publish(connection, event, now).await?);
            }
            Ok(in_the_order_of(new, &stored)?)
        })
        .await
    }

    async fn events(
        &self,
        filter: &EventFilter,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<ServiceEvent>, StoreError> {
        let mut page = query(AssertSqlSafe(event_history(filter, before.is_some())));
        let names =
            [filter.kind.map(EventType::name), name(&filter.source_service), name(&filter.target_service)];
        for name in names.into_iter().flatten() {
            page = page.bind(name);
        }
        for time in [filter.from, filter.until].into_iter().flatten() {
            page = page.bind(time.0);
        }
        page = if let Some(least) = filter.priority_min { page.bind(i64::from(least)) } else { page };
        page = if let Some(before) = before { page.bind(before.as_str()) } else { page };
        let rows = page.bind(i64::from(limit)).fetch_all(&self.readers).await?;
        rows.iter().map(event_of).collect()
    }

    async fn event(&self, id: &EventId) -> Result<Option<ServiceEvent>, StoreError> {
        let row = query("select * from events where id = ?1").bind(id.as_str());
        row.fetch_optional(&self.readers).await?.as_ref().map(event_of).transpose()
    }

    async fn deliveries(&self, id: &EventId) -> Result<Vec<(Delivery, Vec<Attempt>)>, StoreError> {
        with_attempts(&query(DELIVERIES).bind(id.as_str()).fetch_all(&self.readers).await?)
    }

    async fn dead(
        &self,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError> {
        let page = query(DEAD).bind(before.map_or(i64::MAX, |id| id.0)).bind(i64::from(limit));
        page.fetch_all(&self.readers).await?.iter().map(delivery_and_event).collect()
    }

    async fn due(&self, rounds: &[DeliveryDue]) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError> {
        let asked = Value::from_iter(rounds.iter().map(|due| vec![due.delivery.0, i64::from(due.round)]));
        let rows = query(DUE).bind(asked.to_string()).fetch_all(&self.readers).await?;
        rows.iter().map(delivery_and_event).collect()
    }

    async fn record(&self, outcomes: &[Outcome], now: UnixMs) -> Result<Vec<DeliveryId>, StoreError> {
        self.transact(async |connection| {
            let mut written = Vec::new();
            for outcome in outcomes {
                if record(connection, outcome, now).await? {
                    written.push(outcome.delivery);
                }
            }
            written.sort_unstable();
            Ok(written)
        })
        .await
    }

    async fn claim_overdue(
        &self,
        due: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<DeliveryDue>, StoreError> {
        let claim = query(CLAIM)
            .bind(due.start().0)
            .bind(due.end().0)
            .bind(now.plus(DELIVERY_AGAIN_MS).0)
            .bind(i64::from(limit));
        claim.fetch_all(&self.writer).await?.iter().map(due_of).collect()
    }

    async fn revive(
        &self,
        id: &EventId,
        service: Option<&ServiceName>,
        now: UnixMs,
    ) -> Result<Vec<DeliveryDue>, StoreError> {
        let revive = query(REVIVE).bind(id.as_str()).bind(service.map(ServiceName::as_str)).bind(now.0);
        revive.fetch_all(&self.writer).await?.iter().map(due_of).collect()
    }

    async fn expire_events(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError> {
        let removed = query(EXPIRE).bind(before.0).bind(i64::from(limit)).execute(&self.writer).await?;
        Ok(removed.rows_affected())
    }

    async fn subscribed(&self) -> Result<Vec<EventType>, StoreError> {
        let types: Vec<String> =
            query_scalar("select distinct event_type from service_subscriptions order by event_type")
                .fetch_all(&self.readers)
                .await?;
        Ok(types.iter().filter_map(|name| EventType::named(name)).collect())
    }

    async fn dead_deliveries(&self) -> Result<i64, StoreError> {
        let dead = query_scalar("select count(*) from event_deliveries where state = 'dead'");
        Ok(dead.fetch_one(&self.readers).await?)
    }

    async fn event_backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError> {
        let row = query(
            "select count(*) as pending, min(due_at) as oldest from event_deliveries where state = 'pending'",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok((row.try_get("pending")?, row.try_get::<Option<i64>, _>("oldest")?.map(UnixMs)))
    }
}

fn name(service: &Option<ServiceName>) -> Option<&str> {
    service.as_ref().map(ServiceName::as_str)
}

/// The only writer has the whole file, so that what was there before stays what it was.
async fn publish(
    connection: &mut SqliteConnection,
    new: &NewEvent,
    now: UnixMs,
) -> Result<StoredEvent, EventsError> {
    let event = match earlier(connection, &new.id).await? {
        Some(earlier) => earlier.repeated(new)?,
        None => {
            store(connection, new, now).await?;
            new.stored_at(now)
        }
    };
    let rows = query(OF_EVENT).bind(new.id.as_str()).fetch_all(connection).await?;
    let deliveries = rows.iter().map(|row| delivery_of(row, "id")).collect::<Result<_, _>>()?;
    Ok(StoredEvent { event, deliveries })
}

async fn earlier(
    connection: &mut SqliteConnection,
    id: &EventId,
) -> Result<Option<EarlierEvent>, StoreError> {
    let row = query("select digest, published_by, created_at from events where id = ?1").bind(id.as_str());
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let digest: Vec<u8> = row.try_get("digest")?;
    let digest = digest.try_into().map_err(|_| StoreError::Internal("a digest has 32 bytes".to_owned()))?;
    let published_by = row.try_get::<Option<i64>, _>("published_by")?.map(UserId);
    Ok(Some(EarlierEvent { digest, published_by, created_at: UnixMs(row.try_get("created_at")?) }))
}

async fn store(connection: &mut SqliteConnection, new: &NewEvent, now: UnixMs) -> Result<(), StoreError> {
    let target = new.target_service.as_ref().map(ServiceName::as_str);
    query(STORE)
        .bind(new.id.as_str())
        .bind(new.kind.name())
        .bind(new.source_service.as_str())
        .bind(target)
        .bind(storable_json(&new.data).to_string())
        .bind(&new.digest[..])
        .bind(i64::from(new.priority))
        .bind(new.published_by.map(|user| user.0))
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    let open = query(OPEN).bind(new.id.as_str()).bind(target).bind(new.kind.name()).bind(now.0);
    open.execute(connection).await?;
    Ok(())
}

/// False, and nothing is written, when the delivery is settled or at another round.
async fn record(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
    now: UnixMs,
) -> Result<bool, StoreError> {
    let written = query(RECORD)
        .bind(outcome.delivery.0)
        .bind(i64::from(outcome.round))
        .bind(outcome.next.state())
        .bind(outcome.next.due_at().map(|due| due.0))
        .bind(outcome.next.reason().map(storable))
        .bind(now.0)
        .execute(&mut *connection)
        .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    for (place, attempt) in (1_i64..).zip(&outcome.attempts) {
        query(NOTE_ATTEMPT)
            .bind(outcome.delivery.0)
            .bind(i64::from(outcome.round))
            .bind(place)
            .bind(attempt.url.as_deref().map(storable))
            .bind(attempt.at.0)
            .bind(i64::from(attempt.took_ms))
            .bind(attempt.status.map(i64::from))
            .bind(attempt.error.as_deref().map(storable))
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}

fn event_of(row: &SqliteRow) -> Result<ServiceEvent, StoreError> {
    let data: String = row.try_get("data")?;
    Ok(ServiceEvent {
        id: id_of(row, "id")?,
        kind: from_word(row.try_get("type")?)?,
        source_service: service_of(row.try_get("source_service")?)?,
        target_service: row.try_get::<Option<String>, _>("target_service")?.map(service_of).transpose()?,
        data: serde_json::from_str(&data).map_err(|error| StoreError::Internal(error.to_string()))?,
        priority: row.try_get("priority")?,
        published_by: row.try_get::<Option<i64>, _>("published_by")?.map(UserId),
        created_at: UnixMs(row.try_get("created_at")?),
    })
}

fn delivery_of(row: &SqliteRow, id: &str) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.try_get(id)?),
        event: id_of(row, "event_id")?,
        service: service_of(row.try_get("service")?)?,
        state: from_word(row.try_get("state")?)?,
        rounds: row.try_get("rounds")?,
        revived_after: row.try_get("revived_after")?,
        due_at: UnixMs(row.try_get("due_at")?),
        settled_at: row.try_get::<Option<i64>, _>("settled_at")?.map(UnixMs),
        reason: row.try_get("reason")?,
    })
}

fn delivery_and_event(row: &SqliteRow) -> Result<(Delivery, ServiceEvent), StoreError> {
    Ok((delivery_of(row, "delivery")?, event_of(row)?))
}

fn due_of(row: &SqliteRow) -> Result<DeliveryDue, StoreError> {
    Ok(DeliveryDue {
        delivery: DeliveryId(row.try_get("id")?),
        round: row.try_get::<u32, _>("rounds")? + 1,
        priority: row.try_get("priority")?,
    })
}

/// Rows of one delivery follow each other.
fn with_attempts(rows: &[SqliteRow]) -> Result<Vec<(Delivery, Vec<Attempt>)>, StoreError> {
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

fn attempt_of(row: &SqliteRow) -> Result<Option<Attempt>, StoreError> {
    let Some(round) = row.try_get("round")? else { return Ok(None) };
    Ok(Some(Attempt {
        round,
        url: row.try_get("url")?,
        at: UnixMs(row.try_get("at")?),
        took_ms: row.try_get("took_ms")?,
        status: row.try_get("status")?,
        error: row.try_get("error")?,
    }))
}

fn id_of(row: &SqliteRow, column: &str) -> Result<EventId, StoreError> {
    EventId::parse(row.try_get(column)?).map_err(StoreError::Internal)
}

fn service_of(name: String) -> Result<ServiceName, StoreError> {
    ServiceName::parse(&name).map_err(StoreError::Internal)
}
