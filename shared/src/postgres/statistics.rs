//! Figures by hour, by day and by staff member.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row, query, query_scalar};
use tokio::time::timeout;

use super::statements::statistics as statements;
use super::times::timestamp;
use super::{Postgres, login};
use crate::calendar::{Calendar, Day};
use crate::ids::{OutboxId, UserId};
use crate::model::{Listing, Page, Status, User};
use crate::ports::{
    Delivered, DeskNow, Kept, Said, SessionChanged, StaffFigures, StaffSpan, Statistics, StoreError, Tally,
};
use crate::sql::from_word;

/// Of a rebuild that an operator waits for; `migrate`, which does it in AWS, has somewhat longer.
const REBUILD_DEADLINE: Duration = Duration::from_secs(280);
/// Of the one day that `upkeep` checks beside its other work.
const CHECK_DEADLINE: Duration = Duration::from_secs(20);

/// A day whose counts were all taken back is as one that was never counted.
const EMPTY_HOURS: &str = "
delete from statistics_hours
where day between $1::text::date and $2::text::date and greatest(
    messages, sessions, waits, first_answers, answers, closed, abandoned, ratings
) = 0";
const EMPTY_STAFF: &str = "
delete from statistics_staff
where day between $1::text::date and $2::text::date and greatest(
    messages, sessions, closed, first_answers, answers, ratings
) = 0";
const EMPTY_DAYS: &str = "
delete from statistics_days where day between $1::text::date and $2::text::date and active_users = 0";

#[async_trait]
impl Statistics for Postgres {
    async fn settle_messages(&self, entries: &[Delivered]) -> Result<Vec<OutboxId>, StoreError> {
        let entries = Delivered::sorted(entries);
        let all: Vec<i64> = entries.iter().map(|entry| entry.outbox.0).collect();
        let said: Vec<(i64, &Said)> = entries
            .iter()
            .filter_map(|entry| entry.said.as_ref().map(|said| (entry.outbox.0, said)))
            .collect();
        self.run(async |connection| {
            let settled: Vec<i64> = query(statements::SETTLE_MESSAGES)
                .bind(&all)
                .bind(column(&said, |(outbox, _)| *outbox))
                .bind(column(&said, |(_, said)| said.room.0))
                .bind(column(&said, |(_, said)| said.seq.0))
                .bind(column(&said, |(_, said)| said.sender.0))
                .bind(column(&said, |(_, said)| timestamp(said.at)))
                .bind(column(&said, |(_, said)| said.day.to_string()))
                .bind(column(&said, |(_, said)| i16::from(said.hour)))
                .fetch_one(connection)
                .await?
                .try_get("settled")?;
            Ok(settled.into_iter().map(OutboxId).collect())
        })
        .await
    }

    async fn settle_steps(
        &self,
        steps: &[SessionChanged],
        calendar: &Calendar,
    ) -> Result<Vec<OutboxId>, StoreError> {
        let mut steps: Vec<&SessionChanged> = steps.iter().collect();
        steps.sort_unstable_by_key(|step| step.outbox);
        steps.dedup_by_key(|step| step.outbox);
        let hours: Vec<(Day, u8)> = steps.iter().map(|step| calendar.hour_of(step.at)).collect();
        self.run(async |connection| {
            let settled: Vec<i64> = query(statements::SETTLE_STEPS)
                .bind(column(&steps, |step| step.outbox.0))
                .bind(column(&steps, |step| step.event))
                .bind(column(&hours, |(day, _)| day.to_string()))
                .bind(column(&hours, |(_, hour)| i16::from(*hour)))
                .fetch_one(connection)
                .await?
                .try_get("settled")?;
            Ok(settled.into_iter().map(OutboxId).collect())
        })
        .await
    }

    async fn kept(&self, days: &RangeInclusive<Day>) -> Result<Kept, StoreError> {
        let (first, last) = (days.start().to_string(), days.end().to_string());
        let read = async |connection: &mut PgConnection| {
            let hours =
                query(statements::KEPT_HOURS).bind(&first).bind(&last).fetch_all(&mut *connection).await?;
            let active = query(statements::KEPT_DAYS).bind(&first).bind(&last).fetch_all(connection).await?;
            Ok(Kept {
                hours: hours.iter().map(hour).collect::<Result<_, StoreError>>()?,
                active_users: active
                    .iter()
                    .map(|row| Ok((day(row)?, row.try_get("active_users")?)))
                    .collect::<Result<_, StoreError>>()?,
            })
        };
        self.read(read, |_| true).await
    }

    async fn active_users(&self, days: &RangeInclusive<Day>) -> Result<i64, StoreError> {
        let (first, last) = (days.start().to_string(), days.end().to_string());
        let read = async |connection: &mut PgConnection| {
            let count = query_scalar(statements::KEPT_ACTIVES).bind(&first).bind(&last);
            Ok(count.fetch_one(connection).await?)
        };
        self.read(read, |_| true).await
    }

    async fn staff(&self, span: &StaffSpan, page: Page) -> Result<Listing<StaffFigures>, StoreError> {
        let read = async |connection: &mut PgConnection| {
            let rows = query(statements::STAFF)
                .bind(span.days.start().to_string())
                .bind(span.days.end().to_string())
                .bind(timestamp(span.from))
                .bind(timestamp(span.until))
                .bind(i64::from(page.size))
                .bind(page.offset())
                .fetch_all(connection)
                .await?;
            let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
            Ok(Listing { items: rows.iter().map(figures).collect::<Result<_, StoreError>>()?, total })
        };
        self.read(read, |_| true).await
    }

    async fn now(&self, max_sessions: u32) -> Result<DeskNow, StoreError> {
        self.run(async |connection| {
            let row = query(statements::NOW).bind(i64::from(max_sessions)).fetch_one(connection).await?;
            Ok(DeskNow {
                active_sessions: row.try_get("active_sessions")?,
                queued: row.try_get("queued")?,
                online_staff: row.try_get("online_staff")?,
                places: row.try_get("places")?,
                taken: row.try_get("taken")?,
                backlog: row.try_get("backlog")?,
            })
        })
        .await
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<(User, Status)>, StoreError> {
        self.run(async |connection| {
            let rows =
                query("select id, username, nickname, status from users where id = any($1) order by id")
                    .bind(column(ids, |id| id.0))
                    .fetch_all(connection)
                    .await?;
            rows.iter().map(|row| Ok((user(row)?, from_word(row.try_get("status")?)?))).collect()
        })
        .await
    }

    async fn rebuild(&self, days: &RangeInclusive<Day>, calendar: &Calendar) -> Result<u64, StoreError> {
        self.without_hurry(REBUILD_DEADLINE, async |connection| rebuild(connection, days, calendar).await)
            .await
    }

    async fn check(&self, day: Day, calendar: &Calendar) -> Result<Option<u64>, StoreError> {
        let claimed = self
            .run(async |connection| {
                let claim =
                    query("update statistics_checked set day = $1::text::date where day < $1::text::date");
                Ok::<_, StoreError>(claim.bind(day.to_string()).execute(connection).await?.rows_affected())
            })
            .await?;
        if claimed == 0 {
            return Ok(None);
        }
        let days = day..=day;
        self.without_hurry(CHECK_DEADLINE, async |connection| rebuild(connection, &days, calendar).await)
            .await
            .map(Some)
    }
}

impl Postgres {
    /// Runs `work` in a transaction on a connection of its own, which the deadline of operations doesn't hold.
    async fn without_hurry<T>(
        &self,
        deadline: Duration,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let attempt = async {
            let mut connection = login::connect(&self.url, deadline * 9 / 10).await?;
            let mut transaction = connection.begin().await?;
            let outcome = work(&mut transaction).await?;
            transaction.commit().await?;
            connection.close().await?;
            Ok(outcome)
        };
        let taken_too_long = || StoreError::Unavailable("Postgres took too long".to_owned());
        timeout(deadline, attempt).await.map_err(|_| taken_too_long())?
    }
}

async fn rebuild(
    connection: &mut PgConnection,
    days: &RangeInclusive<Day>,
    calendar: &Calendar,
) -> Result<u64, StoreError> {
    // Whatever the planner thinks of the span: each hour is looked up by the index of times.
    query("set local enable_seqscan = off").execute(&mut *connection).await?;
    let spans = calendar.spans(days);
    let changed: i64 = query_scalar(statements::REBUILD)
        .bind(column(&spans, |span| span.day.to_string()))
        .bind(column(&spans, |span| i16::from(span.hour)))
        .bind(column(&spans, |span| timestamp(span.from)))
        .bind(column(&spans, |span| timestamp(span.until)))
        .fetch_one(&mut *connection)
        .await?;
    for statement in [EMPTY_DAYS, EMPTY_HOURS, EMPTY_STAFF] {
        let delete = query(statement).bind(days.start().to_string()).bind(days.end().to_string());
        delete.execute(&mut *connection).await?;
    }
    Ok(changed.unsigned_abs())
}

/// One value of each, as an array.
fn column<T, V>(items: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    items.iter().map(value).collect()
}

fn day(row: &PgRow) -> Result<Day, StoreError> {
    let text: String = row.try_get("day")?;
    text.parse().map_err(|error| StoreError::Internal(format!("{text:?}: {error}")))
}

fn hour(row: &PgRow) -> Result<(Day, u8, Tally), StoreError> {
    let hour: i16 = row.try_get("hour")?;
    let tally = Tally {
        waits: row.try_get("waits")?,
        waited_ms: row.try_get("waited_ms")?,
        abandoned: row.try_get("abandoned")?,
        ..tally(row)?
    };
    Ok((day(row)?, u8::try_from(hour).unwrap_or_default(), tally))
}

/// What hours and staff have in common.
fn tally(row: &PgRow) -> Result<Tally, sqlx::Error> {
    Ok(Tally {
        messages: row.try_get("messages")?,
        sessions: row.try_get("sessions")?,
        first_answers: row.try_get("first_answers")?,
        first_answer_ms: row.try_get("first_answer_ms")?,
        answers: row.try_get("answers")?,
        answer_ms: row.try_get("answer_ms")?,
        closed: row.try_get("closed")?,
        length_ms: row.try_get("length_ms")?,
        ratings: row.try_get("ratings")?,
        rating_sum: row.try_get("rating_sum")?,
        ..Tally::default()
    })
}

fn figures(row: &PgRow) -> Result<StaffFigures, StoreError> {
    Ok(StaffFigures { user: user(row)?, tally: tally(row)?, online_ms: row.try_get("online_ms")? })
}

/// The name is null once they were anonymised.
fn user(row: &PgRow) -> Result<User, StoreError> {
    let username: Option<String> = row.try_get("username")?;
    Ok(User {
        id: UserId(row.try_get("id")?),
        username: username.unwrap_or_default(),
        nickname: row.try_get("nickname")?,
    })
}
