//! What is read of customer service, and what is written without the desk being held.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};

use super::super::statements;
use super::super::times::{time_of, timestamp};
use super::rows::{member, session as session_of, staff_columns};
use crate::clock::UnixMs;
use crate::ids::{NoteId, SessionId, UserId};
use crate::model::{BusinessHours, Listing, Note, Page, QueuePlace, Session, StaffMember, Team, User};
use crate::ports::{DeskError, SessionFilter, StoreError};
use crate::sql::{from_word, storable, word};

const SESSIONS: &str = "
select *, count(*) over () as total
from session_views
where ($1::text is null or state = $1) and ($2::text is null or team = $2)
  and ($3::bigint is null or staff_id = $3) and ($4::bigint is null or visitor_id = $4)
order by opened_at desc, id desc
limit $5 offset $6";

const STAFF: &str = concat!(
    "select count(*) over () as total, ",
    staff_columns!(),
    " from staff m join users u on u.id = m.user_id where $2::text is null or m.team = $2 \
     order by m.team, u.nickname, u.id limit $3 offset $4"
);

const STAFF_MEMBER: &str = concat!(
    "select ",
    staff_columns!(),
    " from staff m join users u on u.id = m.user_id where m.user_id = $2"
);

const ABSENT: &str = "
select m.user_id
from staff m
where m.status <> 'offline' and m.status_since < $1
  and not exists (select from connections c where c.user_id = m.user_id)
order by m.user_id";

const SET_TEAM: &str = "
insert into teams (name, strategy, hours, offline_message) values ($1, $2, $3, $4)
on conflict (name) do update
set strategy = excluded.strategy, hours = excluded.hours, offline_message = excluded.offline_message";

const ADD_NOTE: &str = "
insert into session_notes (session_id, author_id, content, created_at)
select id, $2, $3, $4 from sessions where id = $1
returning id";

const NOTES: &str = "
select n.id, n.content, n.created_at, u.id as author, u.username, u.nickname, count(*) over () as total
from session_notes n
join users u on u.id = n.author_id
where n.session_id = $1
order by n.id
limit $2 offset $3";

pub(super) async fn session(
    connection: &mut PgConnection,
    id: SessionId,
) -> Result<Option<Session>, StoreError> {
    let read = query("select * from session_views where id = $1").bind(id.0);
    read.fetch_optional(connection).await?.as_ref().map(session_of).transpose()
}

pub(super) async fn sessions(
    connection: &mut PgConnection,
    filter: &SessionFilter,
    page: Page,
) -> Result<Listing<Session>, StoreError> {
    let read = query(SESSIONS)
        .bind(filter.state.map(word))
        .bind(filter.team.as_deref().map(storable))
        .bind(filter.staff.map(|user| user.0))
        .bind(filter.visitor.map(|user| user.0))
        .bind(i64::from(page.size))
        .bind(page.offset());
    listing(&read.fetch_all(connection).await?, session_of)
}

pub(super) async fn queue(
    connection: &mut PgConnection,
    team: Option<&str>,
    max_sessions: u32,
    page: Page,
) -> Result<Listing<(Session, QueuePlace)>, StoreError> {
    let read = query(statements::QUEUE)
        .bind(i64::from(max_sessions))
        .bind(team.map(storable))
        .bind(page.offset())
        .bind(i64::from(page.size));
    let mut rows = read.fetch_all(connection).await?;
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    rows.retain(|row| row.try_get::<Option<i64>, _>("placed_id").is_ok_and(|id| id.is_some()));
    let items = rows.iter().map(|row| Ok((session_of(row)?, place_of(row)?)));
    Ok(Listing { items: items.collect::<Result<_, StoreError>>()?, total })
}

pub(super) async fn place(
    connection: &mut PgConnection,
    session: SessionId,
    max_sessions: u32,
) -> Result<Option<QueuePlace>, StoreError> {
    let read = query(statements::QUEUE_PLACE).bind(i64::from(max_sessions)).bind(session.0);
    Ok(read.fetch_optional(connection).await?.as_ref().map(place_of).transpose()?)
}

pub(super) async fn take_moved(
    connection: &mut PgConnection,
    team: &str,
    first: i64,
    max_sessions: u32,
) -> Result<Vec<QueuePlace>, StoreError> {
    let read = query(statements::QUEUE_MOVED).bind(i64::from(max_sessions)).bind(storable(team)).bind(first);
    let rows = read.fetch_all(connection).await?;
    Ok(rows.iter().map(place_of).collect::<Result<_, _>>()?)
}

fn place_of(row: &PgRow) -> Result<QueuePlace, sqlx::Error> {
    let position: i64 = row.try_get("position")?;
    Ok(QueuePlace {
        session: SessionId(row.try_get("id")?),
        visitor: UserId(row.try_get("visitor_id")?),
        position,
        ahead: position - 1,
        estimated_wait_s: row.try_get("estimated_wait_s")?,
    })
}

pub(super) async fn staff(
    connection: &mut PgConnection,
    team: Option<&str>,
    max_sessions: u32,
    page: Page,
) -> Result<Listing<StaffMember>, StoreError> {
    let read = query(STAFF)
        .bind(i64::from(max_sessions))
        .bind(team.map(storable))
        .bind(i64::from(page.size))
        .bind(page.offset());
    listing(&read.fetch_all(connection).await?, member)
}

pub(super) async fn staff_member(
    connection: &mut PgConnection,
    user: UserId,
    max_sessions: u32,
) -> Result<Option<StaffMember>, StoreError> {
    let read = query(STAFF_MEMBER).bind(i64::from(max_sessions)).bind(user.0);
    read.fetch_optional(connection).await?.as_ref().map(member).transpose()
}

pub(super) async fn absent_staff(
    connection: &mut PgConnection,
    since: UnixMs,
) -> Result<Vec<UserId>, StoreError> {
    let found = query_scalar(ABSENT).bind(timestamp(since)).fetch_all(connection).await?;
    Ok(found.into_iter().map(UserId).collect())
}

pub(super) async fn team(connection: &mut PgConnection, name: &str) -> Result<Team, StoreError> {
    let read = query("select * from teams where name = $1").bind(storable(name));
    match read.fetch_optional(connection).await? {
        Some(row) => team_of(&row),
        None => Ok(Team { name: name.to_owned(), ..Team::default() }),
    }
}

pub(super) async fn teams(connection: &mut PgConnection) -> Result<Vec<Team>, StoreError> {
    query("select * from teams order by name").fetch_all(connection).await?.iter().map(team_of).collect()
}

pub(super) async fn set_team(connection: &mut PgConnection, team: &Team) -> Result<(), StoreError> {
    query(SET_TEAM)
        .bind(storable(&team.name))
        .bind(word(team.strategy))
        .bind(team.hours.as_ref().map(Json))
        .bind(team.offline_message.as_deref().map(storable))
        .execute(connection)
        .await?;
    Ok(())
}

fn team_of(row: &PgRow) -> Result<Team, StoreError> {
    let hours: Option<Json<BusinessHours>> = row.try_get("hours")?;
    Ok(Team {
        name: row.try_get("name")?,
        strategy: from_word(row.try_get("strategy")?)?,
        hours: hours.map(|hours| hours.0),
        offline_message: row.try_get("offline_message")?,
    })
}

pub(super) async fn add_note(
    connection: &mut PgConnection,
    session: SessionId,
    author: &User,
    content: &str,
    now: UnixMs,
) -> Result<NoteId, DeskError> {
    let add =
        query_scalar(ADD_NOTE).bind(session.0).bind(author.id.0).bind(storable(content)).bind(timestamp(now));
    add.fetch_optional(connection).await?.map(NoteId).ok_or(DeskError::NotFound)
}

pub(super) async fn notes(
    connection: &mut PgConnection,
    session: SessionId,
    page: Page,
) -> Result<Listing<Note>, StoreError> {
    let read = query(NOTES).bind(session.0).bind(i64::from(page.size)).bind(page.offset());
    listing(&read.fetch_all(connection).await?, |row| {
        let username: Option<String> = row.try_get("username")?;
        let author = User {
            id: UserId(row.try_get("author")?),
            username: username.unwrap_or_default(),
            nickname: row.try_get("nickname")?,
        };
        Ok(Note {
            id: NoteId(row.try_get("id")?),
            author,
            content: row.try_get("content")?,
            created_at: time_of(row, "created_at")?,
        })
    })
}

/// Rows that all carry the total. A page past the end says 0.
fn listing<T>(
    rows: &[PgRow],
    read: impl Fn(&PgRow) -> Result<T, StoreError>,
) -> Result<Listing<T>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    Ok(Listing { items: rows.iter().map(read).collect::<Result<_, _>>()?, total })
}
