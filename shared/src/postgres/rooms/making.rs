//! Rooms made, changed and deleted.

use sqlx::postgres::PgConnection;
use sqlx::{Row, query};

use super::super::blocks::is_blocked;
use super::super::times::timestamp;
use super::admission::{admit, known, no_visitor};
use super::locked::Locked;
use super::rows::{self, room_columns};
use crate::clock::UnixMs;
use crate::ids::{RoomId, UserId};
use crate::model::{MemberRole, Room, RoomType};
use crate::ports::{NewRoom, RoomPatch, RoomsError, StoreError};
use crate::sql::{broken_rule, folded, storable, word};

const CREATE: &str = "
insert into rooms (type, name, name_folded, description, history_before_joining, created_by, created_at, active_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
on conflict (name_folded) where type = 'public' do nothing
returning id";

/// Only a pair of users who are both still there, and neither a visitor.
const PAIR: &str = concat!(
    "select ",
    room_columns!(),
    " from rooms r join users one on one.id = r.pair_low join users other on other.id = r.pair_high \
     where r.pair_low = $1 and r.pair_high = $2 and not one.deleted and not other.deleted \
     and 'visitor' not in (one.role, other.role)"
);

const DIRECT: &str = "
insert into rooms (type, created_by, created_at, active_at, pair_low, pair_high)
values ('direct', $1, $2, $2, $3, $4)
on conflict (pair_low, pair_high) do nothing
returning id";

const UPDATE: &str = concat!(
    "update rooms r set name = coalesce($2, r.name), name_folded = coalesce($3, r.name_folded), \
     description = coalesce($4, r.description), \
     history_before_joining = coalesce($5, r.history_before_joining) where r.id = $1 returning ",
    room_columns!()
);

pub(super) async fn create(
    connection: &mut PgConnection,
    new: &NewRoom,
    max_members: u32,
    now: UnixMs,
) -> Result<Room, RoomsError> {
    known(connection, &[new.creator]).await?;
    let made = insert(connection, new, now).await?.ok_or(RoomsError::NameTaken)?;
    let mut members = vec![(new.creator, MemberRole::Owner)];
    for user in &new.members {
        if !members.iter().any(|(member, _)| member == user) {
            members.push((*user, MemberRole::Member));
        }
    }
    admit(connection, &made, &members, max_members, now).await?;
    by_id(connection, made.id).await
}

/// Makes the room without members; None when a public one of that name exists.
pub(super) async fn insert(
    connection: &mut PgConnection,
    new: &NewRoom,
    now: UnixMs,
) -> Result<Option<Locked>, RoomsError> {
    let row = query(CREATE)
        .bind(word(new.kind))
        .bind(storable(&new.name))
        .bind(folded(&new.name))
        .bind(storable(&new.description))
        .bind(new.history_before_joining)
        .bind(new.creator.0)
        .bind(timestamp(now))
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get("id")).transpose()?.map(|id| Locked::fresh(RoomId(id), new.kind)))
}

/// The pair's room, when it was made before.
pub(super) async fn pair(
    connection: &mut PgConnection,
    one: UserId,
    other: UserId,
) -> Result<Option<Room>, StoreError> {
    let row = query(PAIR).bind(one.min(other).0).bind(one.max(other).0).fetch_optional(connection).await?;
    row.as_ref().map(rows::room).transpose()
}

pub(super) async fn direct(
    connection: &mut PgConnection,
    one: UserId,
    other: UserId,
    now: UnixMs,
) -> Result<Room, RoomsError> {
    if one == other {
        return Err(RoomsError::UnknownUser(other));
    }
    known(connection, &[one, other]).await?;
    no_visitor(connection, RoomType::Direct, &[one, other]).await?;
    if is_blocked(connection, other, one).await? {
        return Err(RoomsError::Blocked);
    }
    let made = query(DIRECT)
        .bind(one.0)
        .bind(timestamp(now))
        .bind(one.min(other).0)
        .bind(one.max(other).0)
        .fetch_optional(&mut *connection)
        .await?;
    // Made by another meanwhile: the insert has waited for that commit.
    let Some(row) = made else {
        return pair(connection, one, other).await?.ok_or(RoomsError::NotFound);
    };
    let room = Locked::fresh(RoomId(row.try_get("id")?), RoomType::Direct);
    let members = [one, other].map(|user| (user, MemberRole::Member));
    admit(connection, &room, &members, 2, now).await?;
    by_id(connection, room.id).await
}

pub(super) async fn update(
    connection: &mut PgConnection,
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
        .map_err(|error| match broken_rule(&error) {
            Some("rooms_public_name_unique") => RoomsError::NameTaken,
            _ => error.into(),
        })?;
    Ok(rows::room(&row.ok_or(RoomsError::NotFound)?)?)
}

/// The foreign keys take members, messages and outbox rows with it.
pub(super) async fn delete(connection: &mut PgConnection, room: RoomId) -> Result<(), RoomsError> {
    let done = query("delete from rooms where id = $1").bind(room.0).execute(connection).await?;
    if done.rows_affected() == 0 { Err(RoomsError::NotFound) } else { Ok(()) }
}

async fn by_id(connection: &mut PgConnection, room: RoomId) -> Result<Room, RoomsError> {
    let row = query(concat!("select ", room_columns!(), " from rooms r where r.id = $1"))
        .bind(room.0)
        .fetch_one(connection)
        .await?;
    Ok(rows::room(&row)?)
}
