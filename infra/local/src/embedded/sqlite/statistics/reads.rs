//! What is kept, as it is asked for.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use shared::calendar::Day;
use shared::ids::UserId;
use shared::model::{Listing, Page, Status, User};
use shared::ports::{DeskNow, Kept, StaffFigures, StaffSpan, StoreError, Tally};
use shared::sql::from_word;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::super::json_list;
use super::counts::day_of;

const STAFF: &str = "
with figures as (
    select
        staff_id, sum(messages) as messages, sum(sessions) as sessions, sum(closed) as closed,
        sum(length_ms) as length_ms, sum(first_answers) as first_answers,
        sum(first_answer_ms) as first_answer_ms, sum(answers) as answers, sum(answer_ms) as answer_ms,
        sum(ratings) as ratings, sum(rating_sum) as rating_sum
    from statistics_staff
    where day between ?1 and ?2
    group by staff_id
),
online as (
    select staff_id, sum(min(coalesce(ended_at, ?4), ?4) - max(began_at, ?3)) as online_ms
    from staff_spans
    where began_at < ?4 and (ended_at is null or ended_at > ?3)
    group by staff_id
),
shown as (
    select user_id from staff
    union
    select staff_id from figures
    union
    select staff_id from online
)
select
    s.user_id as id, u.username, coalesce(u.nickname, '') as nickname, count(*) over () as total,
    coalesce(f.messages, 0) as messages, coalesce(f.sessions, 0) as sessions, coalesce(f.closed, 0) as closed,
    coalesce(f.length_ms, 0) as length_ms, coalesce(f.first_answers, 0) as first_answers,
    coalesce(f.first_answer_ms, 0) as first_answer_ms, coalesce(f.answers, 0) as answers,
    coalesce(f.answer_ms, 0) as answer_ms, coalesce(f.ratings, 0) as ratings,
    coalesce(f.rating_sum, 0) as rating_sum, coalesce(o.online_ms, 0) as online_ms
from shown s
left join users u on u.id = s.user_id
left join figures f on f.staff_id = s.user_id
left join online o on o.staff_id = s.user_id
order by s.user_id
limit ?5 offset ?6";

const NOW: &str = "
select
    (select count(*) from sessions where state = 'active') as active_sessions,
    (select count(*) from sessions where state = 'queued') as queued,
    (select count(*) from staff where status <> 'offline') as online_staff,
    (select coalesce(sum(coalesce(max_sessions, ?1)), 0) from staff where status = 'online') as places,
    (
        select count(*)
        from staff m
        join sessions s on s.staff_id = m.user_id and s.state = 'active'
        where m.status = 'online'
    ) as taken,
    (select count(*) from outbox) as backlog";

/// Every row of some days by its key, with what it holds.
const ROWS: &str = "
select
    'hour ' || day || ' ' || hour as key,
    json_array(
        messages, sessions, waits, waited_ms, first_answers, first_answer_ms, answers, answer_ms, closed,
        length_ms, abandoned, ratings, rating_sum
    ) as held
from statistics_hours where day between ?1 and ?2
union all
select
    'staff ' || day || ' ' || staff_id,
    json_array(
        messages, sessions, closed, length_ms, first_answers, first_answer_ms, answers, answer_ms, ratings,
        rating_sum
    )
from statistics_staff where day between ?1 and ?2
union all
select 'day ' || day, json_array(active_users) from statistics_days where day between ?1 and ?2";

/// Of some days; what two sets of them don't share has changed.
pub(super) async fn rows(
    connection: &mut SqliteConnection,
    days: &RangeInclusive<Day>,
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows = query(ROWS).bind(days.start().to_string()).bind(days.end().to_string());
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("key")?, row.try_get("held")?))).collect()
}

pub(super) async fn kept(
    connection: &mut SqliteConnection,
    days: &RangeInclusive<Day>,
) -> Result<Kept, StoreError> {
    let (first, last) = (days.start().to_string(), days.end().to_string());
    let hours = query("select * from statistics_hours where day between ?1 and ?2 order by day, hour");
    let hours = hours.bind(&first).bind(&last).fetch_all(&mut *connection).await?;
    let active = query("select * from statistics_days where day between ?1 and ?2 order by day");
    let active = active.bind(&first).bind(&last).fetch_all(connection).await?;
    let users = |row| Ok((day_of(row)?, row.try_get("active_users")?));
    Ok(Kept {
        hours: hours.iter().map(hour).collect::<Result<_, StoreError>>()?,
        active_users: active.iter().map(users).collect::<Result<_, StoreError>>()?,
    })
}

pub(super) async fn active_users(
    connection: &mut SqliteConnection,
    days: &RangeInclusive<Day>,
) -> Result<i64, StoreError> {
    let count =
        query_scalar("select count(distinct user_id) from statistics_actives where day between ?1 and ?2");
    let count = count.bind(days.start().to_string()).bind(days.end().to_string());
    Ok(count.fetch_one(connection).await?)
}

pub(super) async fn staff(
    connection: &mut SqliteConnection,
    span: &StaffSpan,
    page: Page,
) -> Result<Listing<StaffFigures>, StoreError> {
    let rows = query(STAFF)
        .bind(span.days.start().to_string())
        .bind(span.days.end().to_string())
        .bind(span.from.0)
        .bind(span.until.0)
        .bind(i64::from(page.size))
        .bind(page.offset())
        .fetch_all(connection)
        .await?;
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    Ok(Listing { items: rows.iter().map(figures).collect::<Result<_, StoreError>>()?, total })
}

pub(super) async fn now(connection: &mut SqliteConnection, max_sessions: u32) -> Result<DeskNow, StoreError> {
    let row = query(NOW).bind(max_sessions).fetch_one(connection).await?;
    Ok(DeskNow {
        active_sessions: row.try_get("active_sessions")?,
        queued: row.try_get("queued")?,
        online_staff: row.try_get("online_staff")?,
        places: row.try_get("places")?,
        taken: row.try_get("taken")?,
        backlog: row.try_get("backlog")?,
    })
}

pub(super) async fn users(
    connection: &mut SqliteConnection,
    ids: &[UserId],
) -> Result<Vec<(User, Status)>, StoreError> {
    let rows = query(
        "select id, username, nickname, status from users where id in (select value from json_each(?1)) \
         order by id",
    );
    let rows = rows.bind(json_list(ids.iter().map(|id| id.0))).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((user(row)?, from_word(row.try_get("status")?)?))).collect()
}

fn hour(row: &SqliteRow) -> Result<(Day, u8, Tally), StoreError> {
    let tally = Tally {
        waits: row.try_get("waits")?,
        waited_ms: row.try_get("waited_ms")?,
        abandoned: row.try_get("abandoned")?,
        ..tally(row)?
    };
    Ok((day_of(row)?, row.try_get("hour")?, tally))
}

/// What hours and staff have in common.
fn tally(row: &SqliteRow) -> Result<Tally, sqlx::Error> {
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

fn figures(row: &SqliteRow) -> Result<StaffFigures, StoreError> {
    Ok(StaffFigures { user: user(row)?, tally: tally(row)?, online_ms: row.try_get("online_ms")? })
}

fn user(row: &SqliteRow) -> Result<User, StoreError> {
    let username: Option<String> = row.try_get("username")?;
    Ok(User {
        id: UserId(row.try_get("id")?),
        username: username.unwrap_or_default(),
        nickname: row.try_get("nickname")?,
    })
}
