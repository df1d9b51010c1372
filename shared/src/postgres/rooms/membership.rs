//! Who is in a room: coming, going, and the read mark.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query, query_scalar};

use super::super::statements;
use super::super::times::timestamp;
use super::{making, ownership, rows};
use crate::clock::UnixMs;
use crate::ids::{NameOr, RoomId, RoomRef, Seq, UserId};
use crate::model::{MemberRole, Membership, RoomType};
use crate::ports::{Change, NewRoom, RoomsError, StoreError};
use crate::sql::{folded, from_word, word};

/// Exactly the lock that an update takes: appends wait, readers and foreign keys don't.
macro_rules! lock {
    ($condition:literal) => {
        concat!(
            "select id, type, last_seq, members_version, member_count from rooms where ",
            $condition,
            " for no key update"
        )
    };
}

/// Who comes starts read: behind them lies everything there is.
const ADMIT: &str = "
with arrived as (
    insert into room_members (room_id, user_id, role, read_seq, read_number, joined_seq, joined_at)
    select r.id, n.user_id, n.role, r.last_seq, r.last_number, r.last_seq, $4
    from rooms r, unnest($2::bigint[], $3::text[]) as n (user_id, role)
    where r.id = $1
)
update rooms
set members_version = members_version + 1, member_count = member_count + cardinality($2)
where id = $1
returning members_version, last_seq";

const MARK_READ: &str = "
with target as (
    select m.role, m.read_seq, m.joined_seq, least($3::bigint, r.last_seq) as seq,
        (
            select e.number from messages e
            where e.room_id = r.id and e.seq <= $3
            order by e.seq desc limit 1
        ) as number
    from room_members m
    join rooms r on r.id = m.room_id
    where m.room_id = $1 and m.user_id = $2
),
moved as (
    update room_members m
    set read_seq = t.seq, read_number = greatest(m.read_number, t.number)
    from target t
    where m.room_id = $1 and m.user_id = $2 and m.read_seq < t.seq
)
select role, greatest(read_seq, seq) as read_seq, joined_seq from target";

/// A room whose row this transaction holds.
pub(super) struct Locked {
    pub(super) id: RoomId,
    pub(super) kind: RoomType,
    last_seq: Seq,
    members_version: i64,
    member_count: i64,
}

impl Locked {
    /// A room that this transaction has just made, still without members.
    pub(super) fn fresh(id: RoomId, kind: RoomType) -> Self {
        Self { id, kind, last_seq: Seq(0), members_version: 0, member_count: 0 }
    }

    fn unchanged(&self) -> Change {
        self.change(Vec::new(), self.members_version)
    }

    fn change(&self, users: Vec<UserId>, members_version: i64) -> Change {
        Change { room: self.id, users, members_version, last_seq: self.last_seq }
    }

    /// # Errors
    /// `FixedMembers` for the room of a pair.
    pub(super) fn changeable(self) -> Result<Self, RoomsError> {
        if self.kind == RoomType::Direct { Err(RoomsError::FixedMembers) } else { Ok(self) }
    }
}

/// Takes the room's row; None when there is no such room.
async fn lock(connection: &mut PgConnection, room: &RoomRef) -> Result<Option<Locked>, RoomsError> {
    let statement = match room {
        NameOr::Id(id) => query(lock!("id = $1")).bind(id.0),
        NameOr::Name(name) => query(lock!("type = 'public' and name_folded = $1")).bind(folded(name)),
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(locked).transpose()
}

fn locked(row: &PgRow) -> Result<Locked, RoomsError> {
    Ok(Locked {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        last_seq: Seq(row.try_get("last_seq")?),
        members_version: row.try_get("members_version")?,
        member_count: row.try_get("member_count")?,
    })
}

/// Takes the row of a room whose members may change.
pub(super) async fn lock_changeable(
    connection: &mut PgConnection,
    room: RoomId,
) -> Result<Locked, RoomsError> {
    lock(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?.changeable()
}

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

/// Which of the users aren't members yet, each once, in the order given.
async fn newcomers(
    connection: &mut PgConnection,
    room: &Locked,
    users: &[UserId],
) -> Result<Vec<UserId>, RoomsError> {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let mut seen: Vec<i64> =
        query_scalar("select user_id from room_members where room_id = $1 and user_id = any($2)")
            .bind(room.id.0)
            .bind(&ids)
            .fetch_all(connection)
            .await?;
    let mut new = Vec::new();
    for id in ids {
        if !seen.contains(&id) {
            seen.push(id);
            new.push(UserId(id));
        }
    }
    Ok(new)
}

/// Lets users in who aren't members yet.
pub(super) async fn admit(
    connection: &mut PgConnection,
    room: &Locked,
    newcomers: &[(UserId, MemberRole)],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let users: Vec<UserId> = newcomers.iter().map(|(user, _)| *user).collect();
    known(connection, &users).await?;
    // No list of users is longer than 64 bits count.
    if room.member_count.saturating_add_unsigned(users.len() as u64) > i64::from(max_members) {
        return Err(RoomsError::Full(max_members));
    }
    let row = query(ADMIT)
        .bind(room.id.0)
        .bind(users.iter().map(|user| user.0).collect::<Vec<_>>())
        .bind(newcomers.iter().map(|(_, role)| word(role)).collect::<Vec<_>>())
        .bind(timestamp(now))
        .fetch_one(connection)
        .await?;
    Ok(room.change(users, row.try_get("members_version")?))
}

/// Holds the users' rows, so that none of them is anonymised before the commit.
///
/// # Errors
/// `UnknownUser` with the first who isn't there or was anonymised.
pub(super) async fn known(connection: &mut PgConnection, users: &[UserId]) -> Result<(), RoomsError> {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let found: Vec<i64> =
        query_scalar("select id from users where id = any($1) and not deleted order by id for key share")
            .bind(&ids)
            .fetch_all(connection)
            .await?;
    match users.iter().find(|user| !found.contains(&user.0)) {
        Some(missing) => Err(RoomsError::UnknownUser(*missing)),
        None => Ok(()),
    }
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
async fn expel(connection: &mut PgConnection, room: &Locked, user: UserId) -> Result<Change, RoomsError> {
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

pub(super) async fn mark_read(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Membership, RoomsError> {
    let row = query(MARK_READ).bind(room.0).bind(user.0).bind(seq.0).fetch_optional(connection).await?;
    let row = row.ok_or(RoomsError::NotMember)?;
    rows::membership(&row)?.ok_or(RoomsError::NotMember)
}
