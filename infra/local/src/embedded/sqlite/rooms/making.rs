//! Rooms made, changed and deleted.

use shared::clock::UnixMs;
use shared::ids::{RoomId, UserId};
use shared::model::{MemberRole, Room, RoomType};
use shared::ports::{NewRoom, RoomPatch, RoomsError, StoreError};
use shared::sql::{broken_rule, folded, storable, word};
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::super::blocks::is_blocked;
use super::super::rows;
use super::admission::{admit, known, no_visitor};
use super::present::{Present, present};

const CREATE: &str = "
insert into rooms (type, name, name_folded, description, history_before_joining, created_by, created_at, active_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
returning *";

/// Only a pair of users who are both still there, and neither a visitor.
const PAIR: &str = "
select r.* from rooms r
join users one on one.id = r.pair_low
join users other on other.id = r.pair_high
where r.pair_low = ?1 and r.pair_high = ?2 and not one.deleted and not other.deleted
  and 'visitor' not in (one.role, other.role)";

const DIRECT: &str = "
insert into rooms (type, created_by, created_at, active_at, pair_low, pair_high)
values ('direct', ?1, ?2, ?2, ?3, ?4)
returning *";

const UPDATE: &str = "
update rooms
set name = coalesce(?2, name), name_folded = coalesce(?3, name_folded),
    description = coalesce(?4, description),
    history_before_joining = coalesce(?5, history_before_joining)
where id = ?1
returning *";

pub(super) async fn create(
    connection: &mut SqliteConnection,
    new: &NewRoom,
    max_members: u32,
    now: UnixMs,
) -> Result<Room, RoomsError> {
    known(connection, &[new.creator]).await?;
    let made = insert(connection, new, now).await?;
    let mut members = vec![(new.creator, MemberRole::Owner)];
    for user in &new.members {
        if !members.iter().any(|(member, _)| member == user) {
            members.push((*user, MemberRole::Member));
        }
    }
    admit(connection, &made, &members, max_members, now).await?;
    by_id(connection, made.id).await
}

/// Makes the room without members.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    new: &NewRoom,
    now: UnixMs,
) -> Result<Present, RoomsError> {
    let row = query(CREATE)
        .bind(word(new.kind))
        .bind(storable(&new.name))
        .bind(folded(&new.name))
        .bind(storable(&new.description))
        .bind(new.history_before_joining)
        .bind(new.creator.0)
        .bind(now.0)
        .fetch_one(connection)
        .await
        .map_err(taken)?;
    present(&row)
}

/// The pair's room, when it was made before.
pub(super) async fn pair(
    connection: &mut SqliteConnection,
    one: UserId,
    other: UserId,
) -> Result<Option<Room>, StoreError> {
    let row = query(PAIR).bind(one.min(other).0).bind(one.max(other).0).fetch_optional(connection).await?;
    row.as_ref().map(rows::room).transpose()
}

pub(super) async fn direct(
    connection: &mut SqliteConnection,
    one: UserId,
    other: UserId,
    now: UnixMs,
) -> Result<Room, RoomsError> {
    if one == other {
        return Err(RoomsError::UnknownUser(other));
    }
    known(connection, &[one, other]).await?;
    no_visitor(connection, RoomType::Direct, &[one, other]).await?;
    // Made by another since the caller looked.
    if let Some(room) = pair(connection, one, other).await? {
        return Ok(room);
    }
    if is_blocked(connection, other, one).await? {
        return Err(RoomsError::Blocked);
    }
    let row = query(DIRECT)
        .bind(one.0)
        .bind(now.0)
        .bind(one.min(other).0)
        .bind(one.max(other).0)
        .fetch_one(&mut *connection)
        .await?;
    let room = present(&row)?;
    let members = [one, other].map(|user| (user, MemberRole::Member));
    admit(connection, &room, &members, 2, now).await?;
    by_id(connection, room.id).await
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    room: RoomId,
    patch: &RoomPatch,
) -> Result<Room, RoomsError> {
    let row = query(UPDATE)
        .bind(room.0)
        .bind(patch.name.as_deref().map(storable))
        .bind(patch.name.as_deref().map(folded))
        .bind(patch.description.as_deref().map(storable))
        .bind(patch.history_before_joining)
        .fetch_optional(connection)
        .await
        .map_err(taken)?;
    Ok(rows::room(&row.ok_or(RoomsError::NotFound)?)?)
}

/// The foreign keys take members, messages and outbox rows with it.
pub(super) async fn delete(connection: &mut SqliteConnection, room: RoomId) -> Result<(), RoomsError> {
    let gone: Option<i64> = query_scalar("delete from rooms where id = ?1 returning id")
        .bind(room.0)
        .fetch_optional(connection)
        .await?;
    gone.map(drop).ok_or(RoomsError::NotFound)
}

async fn by_id(connection: &mut SqliteConnection, room: RoomId) -> Result<Room, RoomsError> {
    let row = query("select * from rooms where id = ?1").bind(room.0).fetch_one(connection).await?;
    Ok(rows::room(&row)?)
}

fn taken(error: sqlx::Error) -> RoomsError {
    match broken_rule(&error) {
        Some(rule) if rule.contains("name_folded") => RoomsError::NameTaken,
        _ => error.into(),
    }
}
