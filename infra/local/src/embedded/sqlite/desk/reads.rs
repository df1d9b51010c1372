//! What is read of customer service, and what is written beside its sessions.

use shared::clock::UnixMs;
use shared::ids::{NoteId, SessionId, UserId};
use shared::model::{Listing, Note, Page, QueuePlace, Session, StaffMember, Team, User};
use shared::ports::{DeskError, SessionFilter, StoreError};
use shared::sql::{from_word, storable, word};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::rows::{member, session as session_of, staff_columns};

const SESSIONS: &str = "
select *, count(*) over () as total
from session_views
where (?1 is null or state = ?1) and (?2 is null or team = ?2)
  and (?3 is null or staff_id = ?3) and (?4 is null or visitor_id = ?4)
order by opened_at desc, id desc
limit ?5 offset ?6";

const QUEUE_TOTAL: &str =
    "select count(*) from sessions where state = 'queued' and (?1 is null or team = ?1)";

const QUEUE: &str = concat!(
    include_str!("queue.sql"),
    "select s.*, q.position, q.estimated_wait_s
     from placed q
     join session_views s on s.id = q.id
     where ?2 is null or q.team = ?2
     order by q.team, q.position
     limit ?3 offset ?4"
);

const PLACE: &str = concat!(
    include_str!("queue.sql"),
    "select id, visitor_id, position, estimated_wait_s from placed where id = ?2"
);

const MOVED: &str = concat!(
    include_str!("queue.sql"),
    "select id, visitor_id, position, estimated_wait_s
     from placed
     where team = ?2 and position <= ?3 and told_position is not position
     order by position"
);

/// `?1` is a list of `[session, position]`.
const TELL: &str = "
update sessions
set told_position = told.value ->> 1
from json_each(?1) as told
where sessions.id = told.value ->> 0";

const STAFF: &str = concat!(
    "select count(*) over () as total, ",
    staff_columns!(),
    " from staff m join users u on u.id = m.user_id where ?2 is null or m.team = ?2 \
     order by m.team, u.nickname, u.id limit ?3 offset ?4"
);

const STAFF_MEMBER: &str = concat!(
    "select ",
    staff_columns!(),
    " from staff m join users u on u.id = m.user_id where m.user_id = ?2"
);

const ABSENT: &str = "
select m.user_id
from staff m
where m.status <> 'offline' and m.status_since < ?1
  and not exists (select 1 from connections c where c.user_id = m.user_id)
order by m.user_id";

const SET_TEAM: &str = "
insert into teams (name, strategy, hours, offline_message) values (?1, ?2, ?3, ?4)
on conflict (name) do update
set strategy = excluded.strategy, hours = excluded.hours, offline_message = excluded.offline_message";

const ADD_NOTE: &str = "
insert into session_notes (session_id, author_id, content, created_at)
select id, ?2, ?3, ?4 from sessions where id = ?1
returning id";

const NOTES: &str = "
select n.id, n.content, n.created_at, u.id as author, u.username, u.nickname, count(*) over () as total
from session_notes n
join users u on u.id = n.author_id
where n.session_id = ?1
order by n.id
limit ?2 offset ?3";

pub(super) async fn session(
    connection: &mut SqliteConnection,
    id: SessionId,
) -> Result<Option<Session>, StoreError> {
    let read = query("select * from session_views where id = ?1").bind(id.0);
    read.fetch_optional(connection).await?.as_ref().map(session_of).transpose()
}

pub(super) async fn sessions(
    connection: &mut SqliteConnection,
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
    connection: &mut SqliteConnection,
    team: Option<&str>,
    max_sessions: u32,
    page: Page,
) -> Result<Listing<(Session, QueuePlace)>, StoreError> {
    let team = team.map(storable);
    let total = query_scalar(QUEUE_TOTAL).bind(team.clone()).fetch_one(&mut *connection).await?;
    let read =
        query(QUEUE).bind(i64::from(max_sessions)).bind(team).bind(i64::from(page.size)).bind(page.offset());
    let rows = read.fetch_all(connection).await?;
    let items = rows.iter().map(|row| Ok((session_of(row)?, place_of(row)?)));
    Ok(Listing { items: items.collect::<Result<_, StoreError>>()?, total })
}

pub(super) async fn place(
    connection: &mut SqliteConnection,
    session: SessionId,
    max_sessions: u32,
) -> Result<Option<QueuePlace>, StoreError> {
    let read = query(PLACE).bind(i64::from(max_sessions)).bind(session.0);
    Ok(read.fetch_optional(connection).await?.as_ref().map(place_of).transpose()?)
}

pub(super) async fn take_moved(
    connection: &mut SqliteConnection,
    team: &str,
    first: i64,
    max_sessions: u32,
) -> Result<Vec<QueuePlace>, StoreError> {
    let read = query(MOVED).bind(i64::from(max_sessions)).bind(storable(team)).bind(first);
    let rows = read.fetch_all(&mut *connection).await?;
    let moved = rows.iter().map(place_of).collect::<Result<Vec<_>, _>>()?;
    let told = serde_json::Value::from_iter(moved.iter().map(|place| vec![place.session.0, place.position]));
    query(TELL).bind(told.to_string()).execute(connection).await?;
    Ok(moved)
}

fn place_of(row: &SqliteRow) -> Result<QueuePlace, sqlx::Error> {
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
    connection: &mut SqliteConnection,
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
    connection: &mut SqliteConnection,
    user: UserId,
    max_sessions: u32,
) -> Result<Option<StaffMember>, StoreError> {
    let read = query(STAFF_MEMBER).bind(i64::from(max_sessions)).bind(user.0);
    read.fetch_optional(connection).await?.as_ref().map(member).transpose()
}

pub(super) async fn absent_staff(
    connection: &mut SqliteConnection,
    since: UnixMs,
) -> Result<Vec<UserId>, StoreError> {
    let found: Vec<i64> = query_scalar(ABSENT).bind(since.0).fetch_all(connection).await?;
    Ok(found.into_iter().map(UserId).collect())
}

pub(super) async fn team(connection: &mut SqliteConnection, name: &str) -> Result<Team, StoreError> {
    let read = query("select * from teams where name = ?1").bind(storable(name));
    match read.fetch_optional(connection).await? {
        Some(row) => team_of(&row),
        None => Ok(Team { name: name.to_owned(), ..Team::default() }),
    }
}

pub(super) async fn teams(connection: &mut SqliteConnection) -> Result<Vec<Team>, StoreError> {
    query("select * from teams order by name").fetch_all(connection).await?.iter().map(team_of).collect()
}

pub(super) async fn set_team(connection: &mut SqliteConnection, team: &Team) -> Result<(), StoreError> {
    let hours = team.hours.as_ref().map(serde_json::to_string).transpose();
    query(SET_TEAM)
        .bind(storable(&team.name))
        .bind(word(team.strategy))
        .bind(hours.map_err(|error| StoreError::Internal(error.to_string()))?)
        .bind(team.offline_message.as_deref().map(storable))
        .execute(connection)
        .await?;
    Ok(())
}

fn team_of(row: &SqliteRow) -> Result<Team, StoreError> {
    let hours: Option<String> = row.try_get("hours")?;
    let hours = hours.map(|hours| serde_json::from_str(&hours)).transpose();
    Ok(Team {
        name: row.try_get("name")?,
        strategy: from_word(row.try_get("strategy")?)?,
        hours: hours.map_err(|error| StoreError::Internal(error.to_string()))?,
        offline_message: row.try_get("offline_message")?,
    })
}

pub(super) async fn add_note(
    connection: &mut SqliteConnection,
    session: SessionId,
    author: &User,
    content: &str,
    now: UnixMs,
) -> Result<NoteId, DeskError> {
    let add = query_scalar(ADD_NOTE).bind(session.0).bind(author.id.0).bind(storable(content)).bind(now.0);
    add.fetch_optional(connection).await?.map(NoteId).ok_or(DeskError::NotFound)
}

pub(super) async fn notes(
    connection: &mut SqliteConnection,
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
            created_at: UnixMs(row.try_get("created_at")?),
        })
    })
}

/// Rows that all carry the total. A page past the end says 0.
fn listing<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Listing<T>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    Ok(Listing { items: rows.iter().map(read).collect::<Result<_, _>>()?, total })
}
