//! What is to be posted now, and what became of it.

use sqlx::postgres::PgConnection;
use sqlx::{query, query_scalar};
use time::OffsetDateTime;

use super::rows::delivery_and_event;
use super::statements;
use crate::clock::UnixMs;
use crate::ids::DeliveryId;
use crate::model::{Attempt, Delivery, ServiceEvent};
use crate::ports::{DeliveryDue, Outcome, StoreError};
use crate::postgres::times::timestamp;
use crate::sql::storable;

pub(super) async fn due(
    connection: &mut PgConnection,
    rounds: &[DeliveryDue],
) -> Result<Vec<(Delivery, ServiceEvent)>, StoreError> {
    let deliveries: Vec<i64> = rounds.iter().map(|due| due.delivery.0).collect();
    let numbers: Vec<i32> = rounds.iter().map(|due| integer(due.round)).collect();
    let rows = query(statements::DUE).bind(&deliveries).bind(&numbers).fetch_all(connection).await?;
    rows.iter().map(delivery_and_event).collect()
}

pub(super) async fn record(
    connection: &mut PgConnection,
    outcomes: &[Outcome],
    now: UnixMs,
) -> Result<Vec<DeliveryId>, StoreError> {
    let deliveries: Vec<i64> = outcomes.iter().map(|outcome| outcome.delivery.0).collect();
    let rounds: Vec<i32> = outcomes.iter().map(|outcome| integer(outcome.round)).collect();
    let states: Vec<&str> = outcomes.iter().map(|outcome| outcome.next.state()).collect();
    let due: Vec<Option<OffsetDateTime>> =
        outcomes.iter().map(|outcome| outcome.next.due_at().map(timestamp)).collect();
    let reasons: Vec<Option<String>> = outcomes
        .iter()
        .map(|outcome| outcome.next.reason().map(|reason| storable(reason).into_owned()))
        .collect();
    let posts = Posts::of(outcomes);
    let written: Vec<i64> = query_scalar(statements::RECORD)
        .bind(&deliveries)
        .bind(&rounds)
        .bind(&states)
        .bind(&due)
        .bind(&reasons)
        .bind(timestamp(now))
        .bind(&posts.deliveries)
        .bind(&posts.places)
        .bind(&posts.urls)
        .bind(&posts.times)
        .bind(&posts.took)
        .bind(&posts.statuses)
        .bind(&posts.errors)
        .fetch_all(connection)
        .await?;
    Ok(written.into_iter().map(DeliveryId).collect())
}

/// The posts of all outcomes, column by column.
#[derive(Default)]
struct Posts {
    deliveries: Vec<i64>,
    places: Vec<i16>,
    urls: Vec<Option<String>>,
    times: Vec<OffsetDateTime>,
    took: Vec<i32>,
    statuses: Vec<Option<i16>>,
    errors: Vec<Option<String>>,
}

impl Posts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut posts = Self::default();
        for outcome in outcomes {
            for (place, attempt) in (1..).zip(&outcome.attempts) {
                posts.push(outcome.delivery, place, attempt);
            }
        }
        posts
    }

    fn push(&mut self, delivery: DeliveryId, place: i16, attempt: &Attempt) {
        let text = |text: &String| storable(text).into_owned();
        self.deliveries.push(delivery.0);
        self.places.push(place);
        self.urls.push(attempt.url.as_ref().map(text));
        self.times.push(timestamp(attempt.at));
        self.took.push(integer(attempt.took_ms));
        self.statuses.push(attempt.status.map(|status| i16::try_from(status).unwrap_or(i16::MAX)));
        self.errors.push(attempt.error.as_ref().map(text));
    }
}

/// Rounds and milliseconds stay far below.
fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
