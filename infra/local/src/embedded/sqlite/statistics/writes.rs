//! What is kept, changed within one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::json;
use shared::calendar::{Calendar, Day};
use shared::ids::OutboxId;
use shared::ports::{Delivered, Said, SessionChanged, StoreError};
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::super::json_list;
use super::counts::Counts;
use super::reads;

/// Messages by their values: room, seq, sender, time, day, hour.
const SAID: &str = concat!(
    "with counted as materialized (
    select
        value ->> 0 as room_id, value ->> 1 as seq, value ->> 2 as sender_id, value ->> 3 as at,
        value ->> 4 as day, value ->> 5 as hour
    from json_each(?1)
),
",
    include_str!("said.sql")
);

/// All of some hours (day, hour, begin, end) that are settled.
const SAID_IN: &str = concat!(
    "with counted as materialized (
    select m.room_id, m.seq, m.sender_id, m.created_at as at, s.value ->> 0 as day, s.value ->> 1 as hour
    from json_each(?1) s
    join messages m on m.created_at >= s.value ->> 2 and m.created_at < s.value ->> 3
    where m.entry = 'message' and not exists (select 1 from outbox o where o.message_id = m.id)
),
",
    include_str!("said.sql")
);

/// Steps by event, day and hour.
const STEPPED: &str = concat!(
    "with taken as materialized (
    select value ->> 0 as event, value ->> 1 as day, value ->> 2 as hour from json_each(?1)
)
",
    include_str!("stepped.sql")
);

/// All of some hours that are settled.
const STEPPED_IN: &str = concat!(
    "with unsettled as materialized (
    select payload ->> '$.event' as event from outbox where payload ->> '$.type' = 'session_changed'
),
taken as materialized (
    select e.id as event, s.value ->> 0 as day, s.value ->> 1 as hour
    from json_each(?1) s
    join session_events e on e.at >= s.value ->> 2 and e.at < s.value ->> 3
    where e.id not in (select event from unsettled)
)
",
    include_str!("stepped.sql")
);

const ADD_HOUR: &str = "
insert into statistics_hours as kept (
    day, hour, messages, sessions, waits, waited_ms, first_answers, first_answer_ms, answers, answer_ms, closed,
    length_ms, abandoned, ratings, rating_sum
)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
on conflict (day, hour) do update set
    messages = kept.messages + excluded.messages,
    sessions = kept.sessions + excluded.sessions,
    waits = kept.waits + excluded.waits,
    waited_ms = kept.waited_ms + excluded.waited_ms,
    first_answers = kept.first_answers + excluded.first_answers,
    first_answer_ms = kept.first_answer_ms + excluded.first_answer_ms,
    answers = kept.answers + excluded.answers,
    answer_ms = kept.answer_ms + excluded.answer_ms,
    closed = kept.closed + excluded.closed,
    length_ms = kept.length_ms + excluded.length_ms,
    abandoned = kept.abandoned + excluded.abandoned,
    ratings = kept.ratings + excluded.ratings,
    rating_sum = kept.rating_sum + excluded.rating_sum";

const ADD_STAFF: &str = "
insert into statistics_staff as kept (
    day, staff_id, messages, sessions, closed, length_ms, first_answers, first_answer_ms, answers, answer_ms,
    ratings, rating_sum
)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
on conflict (day, staff_id) do update set
    messages = kept.messages + excluded.messages,
    sessions = kept.sessions + excluded.sessions,
    closed = kept.closed + excluded.closed,
    length_ms = kept.length_ms + excluded.length_ms,
    first_answers = kept.first_answers + excluded.first_answers,
    first_answer_ms = kept.first_answer_ms + excluded.first_answer_ms,
    answers = kept.answers + excluded.answers,
    answer_ms = kept.answer_ms + excluded.answer_ms,
    ratings = kept.ratings + excluded.ratings,
    rating_sum = kept.rating_sum + excluded.rating_sum";

const ADD_DAY: &str = "
insert into statistics_days as kept (day, active_users) values (?1, ?2)
on conflict (day) do update set active_users = kept.active_users + excluded.active_users";

pub(super) async fn settle_messages(
    connection: &mut SqliteConnection,
    entries: &[Delivered],
) -> Result<Vec<OutboxId>, StoreError> {
    let entries = Delivered::sorted(entries);
    let settled = settle(connection, entries.iter().map(|entry| entry.outbox)).await?;
    let said = entries.iter().filter(|entry| settled.contains(&entry.outbox));
    let said: Vec<_> = said.filter_map(|entry| entry.said.as_ref()).map(values).collect();
    let mut counts = Counts::default();
    for row in query(SAID).bind(json!(said).to_string()).fetch_all(&mut *connection).await? {
        counts.add_said(&row)?;
    }
    add(connection, &counts).await?;
    Ok(settled.into_iter().collect())
}

fn values(said: &Said) -> serde_json::Value {
    json!([said.room.0, said.seq.0, said.sender.0, said.at.0, said.day, said.hour])
}

pub(super) async fn settle_steps(
    connection: &mut SqliteConnection,
    steps: &[SessionChanged],
    calendar: &Calendar,
) -> Result<Vec<OutboxId>, StoreError> {
    let settled = settle(connection, steps.iter().map(|step| step.outbox)).await?;
    let events: BTreeMap<OutboxId, &SessionChanged> = steps.iter().map(|step| (step.outbox, step)).collect();
    let taken: Vec<_> = events
        .values()
        .filter(|step| settled.contains(&step.outbox))
        .map(|step| (step.event, calendar.hour_of(step.at)))
        .map(|(event, (day, hour))| json!([event, day, hour]))
        .collect();
    let mut counts = Counts::default();
    for row in query(STEPPED).bind(json!(taken).to_string()).fetch_all(&mut *connection).await? {
        counts.add_stepped(&row)?;
    }
    add(connection, &counts).await?;
    Ok(settled.into_iter().collect())
}

/// Deletes rows; answers those that were there.
async fn settle(
    connection: &mut SqliteConnection,
    rows: impl Iterator<Item = OutboxId>,
) -> Result<BTreeSet<OutboxId>, StoreError> {
    let deleted: Vec<i64> =
        query_scalar("delete from outbox where id in (select value from json_each(?1)) returning id")
            .bind(json_list(rows.map(|row| row.0)))
            .fetch_all(connection)
            .await?;
    Ok(deleted.into_iter().map(OutboxId).collect())
}

async fn add(connection: &mut SqliteConnection, counts: &Counts) -> Result<(), StoreError> {
    for ((day, hour), tally) in &counts.hours {
        query(ADD_HOUR)
            .bind(day.to_string())
            .bind(hour)
            .bind(tally.messages)
            .bind(tally.sessions)
            .bind(tally.waits)
            .bind(tally.waited_ms)
            .bind(tally.first_answers)
            .bind(tally.first_answer_ms)
            .bind(tally.answers)
            .bind(tally.answer_ms)
            .bind(tally.closed)
            .bind(tally.length_ms)
            .bind(tally.abandoned)
            .bind(tally.ratings)
            .bind(tally.rating_sum)
            .execute(&mut *connection)
            .await?;
    }
    for ((day, staff), tally) in &counts.staff {
        query(ADD_STAFF)
            .bind(day.to_string())
            .bind(staff.0)
            .bind(tally.messages)
            .bind(tally.sessions)
            .bind(tally.closed)
            .bind(tally.length_ms)
            .bind(tally.first_answers)
            .bind(tally.first_answer_ms)
            .bind(tally.answers)
            .bind(tally.answer_ms)
            .bind(tally.ratings)
            .bind(tally.rating_sum)
            .execute(&mut *connection)
            .await?;
    }
    let mut newly: BTreeMap<Day, i64> = BTreeMap::new();
    for (day, user) in &counts.actives {
        let insert =
            query("insert into statistics_actives (day, user_id) values (?1, ?2) on conflict do nothing");
        let inserted = insert.bind(day.to_string()).bind(user.0).execute(&mut *connection).await?;
        if inserted.rows_affected() > 0 {
            *newly.entry(*day).or_default() += 1;
        }
    }
    for (day, users) in newly {
        query(ADD_DAY).bind(day.to_string()).bind(users).execute(&mut *connection).await?;
    }
    Ok(())
}

/// There is one writer, so the days are emptied and counted once more.
pub(super) async fn rebuild(
    connection: &mut SqliteConnection,
    days: &RangeInclusive<Day>,
    calendar: &Calendar,
) -> Result<u64, StoreError> {
    let before = reads::rows(connection, days).await?;
    let spans: Vec<_> = calendar.spans(days);
    let spans: Vec<_> =
        spans.iter().map(|span| json!([span.day, span.hour, span.from, span.until])).collect();
    let spans = json!(spans).to_string();
    let mut counts = Counts::default();
    for row in query(SAID_IN).bind(&spans).fetch_all(&mut *connection).await? {
        counts.add_said(&row)?;
    }
    for row in query(STEPPED_IN).bind(&spans).fetch_all(&mut *connection).await? {
        counts.add_stepped(&row)?;
    }
    for table in [
        "delete from statistics_hours where day between ?1 and ?2",
        "delete from statistics_staff where day between ?1 and ?2",
        "delete from statistics_actives where day between ?1 and ?2",
        "delete from statistics_days where day between ?1 and ?2",
    ] {
        let delete = query(table).bind(days.start().to_string()).bind(days.end().to_string());
        delete.execute(&mut *connection).await?;
    }
    add(connection, &counts).await?;
    let after = reads::rows(connection, days).await?;
    Ok(before.symmetric_difference(&after).map(|(key, _)| key).collect::<BTreeSet<_>>().len() as u64)
}
