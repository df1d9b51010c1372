//! Who is in a room: coming and going.

use sqlx::postgres::PgConnection;
use sqlx::query_scalar;

use super::super::statements;
use super::admission::{admit, known, newcomers};
use super::locked::{Locked, lock, lock_changeable};
use super::{making, ownership};
use crate::clock::UnixMs;
use crate::ids::{NameOr, RoomId, RoomRef, UserId};
use crate::model::{MemberRole, RoomType};
use crate::ports::{Change, NewRoom, RoomsError, StoreError};
use crate::sql::from_word;

pub(super) async fn join(
    connection: &mut PgConnection,
    room: &RoomRef,
    user: UserId,
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let locked = match (lock(connection, room).await?, room) {
        (Some(locked), _) => locked,
        (None, NameOr::Id(_)) => return Err(RoomsError::NotFound),
        (None, NameOr::Name(name)) => made_or_found(connection, room, name, user, now).await?,
    };
    if newcomers(connection, &locked, &[user]).await?.is_empty() {
        return Ok(locked.unchanged());
    }
    if locked.kind != RoomType::Public {
        return Err(RoomsError::Private);
    }
    // An empty room has nobody left who could look after it.
    let role = if locked.member_count == 0 { MemberRole::Owner } else { MemberRole::Member };
    admit(connection, &locked, &[(user, role)], max_members, now).await
}

/// Makes the public room, or takes the one that another has made meanwhile.
async fn made_or_found(
    connection: &mut PgConnection,
    room: &RoomRef,
    name: &str,
    user: UserId,
    now: UnixMs,
) -> Result<Locked, RoomsError> {
    known(connection, &[user]).await?;
    let new = NewRoom {
        kind: RoomType::Public,
        name: name.to_owned(),
        description: String::new(),
        history_before_joining: true,
        creator: user,
        members: Vec::new(),
    };
    if let Some(made) = making::insert(connection, &new, now).await? {
        return Ok(made);
    }
    lock(connection, room).await?.ok_or(RoomsError::NotFound)
}

pub(super) async fn add(
    connection: &mut PgConnection,
    room: RoomId,
    users: &[UserId],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let locked = lock_changeable(connection, room).await?;
    let users: Vec<_> = newcomers(connection, &locked, users)
        .await?
        .into_iter()
        .map(|user| (user, MemberRole::Member))
        .collect();
    if users.is_empty() {
        return Ok(locked.unchanged());
    }
    admit(connection, &locked, &users, max_members, now).await
}

pub(super) async fn remove(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<Change, RoomsError> {
    let locked = lock_changeable(connection, room).await?;
    expel(connection, &locked, user).await
}

/// Takes a member out of a room and passes ownership on when it was theirs.
pub(in crate::postgres) async fn expel(
    connection: &mut PgConnection,
    room: &Locked,
    user: UserId,
) -> Result<Change, RoomsError> {
    let role = query_scalar("delete from room_members where room_id = $1 and user_id = $2 returning role")
        .bind(room.id.0)
        .bind(user.0)
        .fetch_optional(&mut *connection)
        .await?;
    let role: MemberRole = from_word(role.ok_or(RoomsError::NotMember)?)?;
    if role == MemberRole::Owner {
        ownership::pass_on(connection, room.id, user).await?;
    }
    let version = query_scalar(
        "update rooms set members_version = members_version + 1, member_count = member_count - 1 \
         where id = $1 returning members_version",
    )
    .bind(room.id.0)
    .fetch_one(connection)
    .await?;
    Ok(room.change(vec![user], version))
}

/// Takes the user out of every room, direct ones too, in the order of the rooms' ids.
pub(crate) async fn leave_all(connection: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    let rooms: Vec<i64> = query_scalar(statements::ROOMS_OF).bind(user.0).fetch_all(&mut *connection).await?;
    for room in rooms {
        // Otherwise the room is gone, or another took the user out before the lock was ours.
        if let Err(RoomsError::Store(error)) = leave(connection, RoomId(room), user).await {
            return Err(error);
        }
    }
    Ok(())
}

async fn leave(connection: &mut PgConnection, room: RoomId, user: UserId) -> Result<Change, RoomsError> {
    let locked = lock(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?;
    expel(connection, &locked, user).await
}
