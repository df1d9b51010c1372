//! Events between services.

mod publish;
mod rounds;
mod rows;

use std::ops::RangeInclusive;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row, query, query_scalar};
use time::OffsetDateTime;

use super::statements::events as statements;
use super::times::{timestamp, unix_ms};
use super::{Postgres, events::rows::with_attempts};
use crate::clock::UnixMs;
use crate::ids::{DeliveryId, EventId};
use crate::model::{Attempt, Delivery, EventType, ServiceEvent};
use crate::names::ServiceName;
use crate::ports::{
    DELIVERY_AGAIN_MS, DeliveryDue, EventFilter, Events, EventsError, NewEvent, Outcome, StoreError,
    StoredEvent,
};
use crate::sql::event_history;
use rows::{delivery_and_event, due_of, event_of};

/// A pending delivery has none of what settling writes.
const REVIVE: &str = "
update event_deliveries d
set state = 'pending', revived_after = d.rounds, due_at = $3, settled_at = null, reason = null
from events e
where d.event_id = $1 and d.state = 'dead' and ($2::text is null or d.service = $2) and e.id = d.event_id
returning d.id, d.rounds, e.priority";

const ONE: &str = "
select id, type, source_service, target_service, data, priority, published_by, created_at
from events where id = $1";

#[async_trait]
impl Events for Postgres {
    async fn publish_events(&self, new: &[NewEvent], now: UnixMs) -> Result<Vec<StoredEvent>, EventsError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        self.run(async |connection| publish::publish(connection, new, now).await).await
    }

    async fn events(
        &self,
        filter: &EventFilter,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<ServiceEvent>, StoreError> {
        self.run(async |connection| {
            let mut page = query(AssertSqlSafe(event_history(filter, before.is_some())));
            let names = [
                filter.kind.map(EventType::name),
                name(&filter.source_service),
                name(&filter.target_service),
            ];
            for name in names.into_iter().flatten() {
                page = page.bind(name);
            }
            for time in [filter.from, filter.until].into_iter().flatten() {
                page = page.bind(timestamp(time));
            }
            page = if let Some(least) = filter.priority_min { page.bind(i16::from(least)) } else { page };
            page = if let Some(before) = before { page.bind(before.as_str()) } else { page };
            let rows = page.bind(i64::from(limit)).fetch_all(connection).await?;
            rows.iter().map(event_of).collect()
        })
        .await
    }

    async fn event(&self, id: &EventId) -> Result<Option<ServiceEvent>, StoreError> {
        self.run(async |connection| {
            let row = query(ONE).bind(id.as_str()).fetch_optional(connection).await?;
            row.as_ref().map(event_of).transpose()
        })
        .await
    }

    async fn deliveries(&self, id: &EventId) -> Result<Vec<(Delivery, Vec<Attempt>)>, StoreError> {
        self.run(async |connection| {
            with_attempts(&query(statements::DELIVERIES).bind(id.as_str()).fetch_all(connection).await?)
        })
        .await
    }

    async fn dead(
        &self,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError> {
        self.run(async |connection| {
            let page =
                query(statements::DEAD).bind(before.map_or(i64::MAX, |id| id.0)).bind(i64::from(limit));
            page.fetch_all(connection).await?.iter().map(delivery_and_event).collect()
        })
        .await
    }

    async fn due(&self, rounds: &[DeliveryDue]) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError> {
        self.run(async |connection| rounds::due(connection, rounds).await).await
    }

    async fn record(&self, outcomes: &[Outcome], now: UnixMs) -> Result<Vec<DeliveryId>, StoreError> {
        self.run(async |connection| rounds::record(connection, outcomes, now).await).await
    }

    async fn claim_overdue(
        &self,
        due: RangeInclusive<UnixMs>,
        now: UnixMs,
        limit: u32,
    ) -> Result<Vec<DeliveryDue>, StoreError> {
        self.run(async |connection| {
            let claim = query(statements::CLAIM_OVERDUE)
                .bind(timestamp(*due.start()))
                .bind(timestamp(*due.end()))
                .bind(timestamp(now.plus(DELIVERY_AGAIN_MS)))
                .bind(i64::from(limit));
            claim.fetch_all(connection).await?.iter().map(due_of).collect()
        })
        .await
    }

    async fn revive(
        &self,
        id: &EventId,
        service: Option<&ServiceName>,
        now: UnixMs,
    ) -> Result<Vec<DeliveryDue>, StoreError> {
        self.run(async |connection| {
            let revive =
                query(REVIVE).bind(id.as_str()).bind(service.map(ServiceName::as_str)).bind(timestamp(now));
            revive.fetch_all(connection).await?.iter().map(due_of).collect()
        })
        .await
    }

    async fn expire_events(&self, before: UnixMs, limit: u32) -> Result<u64, StoreError> {
        self.run(async |connection| {
            let removed = query(statements::EXPIRE).bind(timestamp(before)).bind(i64::from(limit));
            Ok(removed.execute(connection).await?.rows_affected())
        })
        .await
    }

    async fn subscribed(&self) -> Result<Vec<EventType>, StoreError> {
        self.run(async |connection| {
            let types: Vec<String> =
                query_scalar("select distinct event_type from service_subscriptions order by event_type")
                    .fetch_all(connection)
                    .await?;
            // One that a newer Hark knows is none of ours.
            Ok(types.iter().filter_map(|name| EventType::named(name)).collect())
        })
        .await
    }

    async fn dead_deliveries(&self) -> Result<i64, StoreError> {
        self.run(async |connection| {
            let dead = query_scalar("select count(*) from event_deliveries where state = 'dead'");
            Ok(dead.fetch_one(connection).await?)
        })
        .await
    }

    async fn event_backlog(&self) -> Result<(i64, Option<UnixMs>), StoreError> {
        self.run(async |connection| {
            let row = query(
                "select count(*) as pending, min(due_at) as oldest from event_deliveries where state = 'pending'",
            )
            .fetch_one(connection)
            .await?;
            Ok((row.try_get("pending")?, row.try_get::<Option<OffsetDateTime>, _>("oldest")?.map(unix_ms)))
        })
        .await
    }
}

fn name(service: &Option<ServiceName>) -> Option<&str> {
    service.as_ref().map(ServiceName::as_str)
}
