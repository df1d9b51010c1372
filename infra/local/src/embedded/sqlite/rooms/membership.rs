//! Who is in a room: coming and going.

use shared::clock::UnixMs;
use shared::ids::{NameOr, RoomId, RoomRef, UserId};
use shared::model::{MemberRole, RoomType};
use shared::ports::{Change, NewRoom, RoomsError, StoreError};
use shared::sql::from_word;
use sqlx::query_scalar;
use sqlx::sqlite::SqliteConnection;

use super::admission::{RECOUNT, admit, known, newcomers};
use super::present::{Present, changeable, look};
use super::{making, ownership, views};

pub(super) async fn join(
    connection: &mut SqliteConnection,
    room: &RoomRef,
    user: UserId,
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let found = match (look(connection, room).await?, room) {
        (Some(found), _) => found,
        (None, NameOr::Id(_)) => return Err(RoomsError::NotFound),
        (None, NameOr::Name(name)) => made(connection, name, user, now).await?,
    };
    if newcomers(connection, &found, &[user]).await?.is_empty() {
        return Ok(found.unchanged());
    }
    if found.kind != RoomType::Public {
        return Err(RoomsError::Private);
    }
    // An empty room has nobody left who could look after it.
    let role = if found.member_count == 0 { MemberRole::Owner } else { MemberRole::Member };
    admit(connection, &found, &[(user, role)], max_members, now).await
}

async fn made(
    connection: &mut SqliteConnection,
    name: &str,
    user: UserId,
    now: UnixMs,
) -> Result<Present, RoomsError> {
    known(connection, &[user]).await?;
    let new = NewRoom {
        kind: RoomType::Public,
        name: name.to_owned(),
        description: String::new(),
        history_before_joining: true,
        creator: user,
        members: Vec::new(),
    };
    making::insert(connection, &new, now).await
}

pub(super) async fn add(
    connection: &mut SqliteConnection,
    room: RoomId,
    users: &[UserId],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let room = changeable(connection, room).await?;
    let new = newcomers(connection, &room, users).await?;
    if new.is_empty() {
        return Ok(room.unchanged());
    }
    let members: Vec<_> = new.into_iter().map(|user| (user, MemberRole::Member)).collect();
    admit(connection, &room, &members, max_members, now).await
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<Change, RoomsError> {
    let room = changeable(connection, room).await?;
    expel(connection, &room, user).await
}

/// Takes a member out of a room and passes ownership on when it was theirs.
pub(in super::super) async fn expel(
    connection: &mut SqliteConnection,
    room: &Present,
    user: UserId,
) -> Result<Change, RoomsError> {
    let role = query_scalar("delete from room_members where room_id = ?1 and user_id = ?2 returning role")
        .bind(room.id.0)
        .bind(user.0)
        .fetch_optional(&mut *connection)
        .await?;
    let role: MemberRole = from_word(role.ok_or(RoomsError::NotMember)?)?;
    if role == MemberRole::Owner {
        ownership::pass_on(connection, room.id, user).await?;
    }
    let version = query_scalar(RECOUNT).bind(room.id.0).bind(-1).fetch_one(connection).await?;
    Ok(room.change(vec![user], version))
}

/// Takes the user out of every room, direct ones too.
pub(in super::super) async fn leave_all(
    connection: &mut SqliteConnection,
    user: UserId,
) -> Result<(), StoreError> {
    for room in views::rooms_of(connection, user).await? {
        if let Err(RoomsError::Store(error)) = leave(connection, room, user).await {
            return Err(error);
        }
    }
    Ok(())
}

async fn leave(connection: &mut SqliteConnection, room: RoomId, user: UserId) -> Result<Change, RoomsError> {
    let room = look(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?;
    expel(connection, &room, user).await
}
