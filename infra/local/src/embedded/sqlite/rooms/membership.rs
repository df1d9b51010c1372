//! Who is in a room: coming, going, and the read mark.

use shared::clock::UnixMs;
use shared::ids::{NameOr, RoomId, RoomRef, Seq, UserId};
use shared::model::{MemberRole, Membership, RoomType};
use shared::ports::{Change, NewRoom, RoomsError, StoreError};
use shared::sql::{folded, from_word, word};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::super::{json_list, rows};
use super::{making, ownership, views};

/// Who comes starts read: behind them lies everything there is.
const ADMIT: &str = "
insert into room_members (room_id, user_id, role, read_seq, read_number, joined_seq, joined_at)
select id, ?2, ?3, last_seq, last_number, last_seq, ?4 from rooms where id = ?1";

const RECOUNT: &str = "
update rooms set members_version = members_version + 1, member_count = member_count + ?2
where id = ?1
returning members_version";

const MARK_READ: &str = "
update room_members as m
set read_seq = max(m.read_seq, min(?3, r.last_seq)),
    read_number = max(m.read_number, coalesce(
        (select e.number from messages e where e.room_id = r.id and e.seq <= ?3 order by e.seq desc limit 1),
        0
    ))
from rooms r
where r.id = m.room_id and m.room_id = ?1 and m.user_id = ?2
returning role, read_seq, joined_seq";

/// A room as it is until this transaction ends.
pub(super) struct Present {
    pub(super) id: RoomId,
    kind: RoomType,
    last_seq: Seq,
    members_version: i64,
    member_count: i64,
}

impl Present {
    fn unchanged(&self) -> Change {
        self.change(Vec::new(), self.members_version)
    }

    fn change(&self, users: Vec<UserId>, members_version: i64) -> Change {
        Change { room: self.id, users, members_version, last_seq: self.last_seq }
    }
}

pub(super) fn present(row: &SqliteRow) -> Result<Present, RoomsError> {
    Ok(Present {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        last_seq: Seq(row.try_get("last_seq")?),
        members_version: row.try_get("members_version")?,
        member_count: row.try_get("member_count")?,
    })
}

async fn look(connection: &mut SqliteConnection, room: &RoomRef) -> Result<Option<Present>, RoomsError> {
    let statement = match room {
        NameOr::Id(id) => query("select * from rooms where id = ?1").bind(id.0),
        NameOr::Name(name) => {
            query("select * from rooms where type = 'public' and name_folded = ?1").bind(folded(name))
        }
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(present).transpose()
}

/// A room whose members may change.
///
/// # Errors
/// `NotFound`; `FixedMembers` for the room of a pair.
pub(super) async fn changeable(
    connection: &mut SqliteConnection,
    room: RoomId,
) -> Result<Present, RoomsError> {
    let room = look(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?;
    if room.kind == RoomType::Direct { Err(RoomsError::FixedMembers) } else { Ok(room) }
}

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

/// Which of the users aren't members yet, each once, in the order given.
async fn newcomers(
    connection: &mut SqliteConnection,
    room: &Present,
    users: &[UserId],
) -> Result<Vec<UserId>, RoomsError> {
    let mut seen: Vec<i64> = query_scalar(
        "select user_id from room_members where room_id = ?1 and user_id in (select value from json_each(?2))",
    )
    .bind(room.id.0)
    .bind(json_list(users.iter().map(|user| user.0)))
    .fetch_all(connection)
    .await?;
    let mut new = Vec::new();
    for user in users {
        if !seen.contains(&user.0) {
            seen.push(user.0);
            new.push(*user);
        }
    }
    Ok(new)
}

/// Lets users in who aren't members yet.
pub(super) async fn admit(
    connection: &mut SqliteConnection,
    room: &Present,
    newcomers: &[(UserId, MemberRole)],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let users: Vec<UserId> = newcomers.iter().map(|(user, _)| *user).collect();
    known(connection, &users).await?;
    let count = i64::try_from(users.len()).unwrap_or(i64::MAX);
    if room.member_count.saturating_add(count) > i64::from(max_members) {
        return Err(RoomsError::Full(max_members));
    }
    for (user, role) in newcomers {
        let member = query(ADMIT).bind(room.id.0).bind(user.0).bind(word(role)).bind(now.0);
        member.execute(&mut *connection).await?;
    }
    let version = query_scalar(RECOUNT).bind(room.id.0).bind(count).fetch_one(connection).await?;
    Ok(room.change(users, version))
}

/// # Errors
/// `UnknownUser` with the first who isn't there or was anonymised.
pub(super) async fn known(connection: &mut SqliteConnection, users: &[UserId]) -> Result<(), RoomsError> {
    let found: Vec<i64> =
        query_scalar("select id from users where id in (select value from json_each(?1)) and not deleted")
            .bind(json_list(users.iter().map(|user| user.0)))
            .fetch_all(connection)
            .await?;
    match users.iter().find(|user| !found.contains(&user.0)) {
        Some(missing) => Err(RoomsError::UnknownUser(*missing)),
        None => Ok(()),
    }
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
async fn expel(
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

pub(super) async fn mark_read(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Membership, RoomsError> {
    let row = query(MARK_READ).bind(room.0).bind(user.0).bind(seq.0).fetch_optional(connection).await?;
    let row = row.ok_or(RoomsError::NotMember)?;
    rows::membership(&row)?.ok_or(RoomsError::NotMember)
}
