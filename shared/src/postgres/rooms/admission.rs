//! How users get in.

use sqlx::postgres::PgConnection;
use sqlx::{Row, query, query_scalar};

use super::super::times::timestamp;
use super::banning::none_banned;
use super::locked::Locked;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{MemberRole, RoomType};
use crate::ports::{Change, RoomsError};
use crate::sql::word;

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

/// Which of the users aren't members yet, each once, in the order given.
pub(in crate::postgres) async fn newcomers(
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
pub(in crate::postgres) async fn admit(
    connection: &mut PgConnection,
    room: &Locked,
    newcomers: &[(UserId, MemberRole)],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let users: Vec<UserId> = newcomers.iter().map(|(user, _)| *user).collect();
    known(connection, &users).await?;
    no_visitor(connection, room.kind, &users).await?;
    none_banned(connection, room, &users, now).await?;
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
pub(in crate::postgres) async fn known(
    connection: &mut PgConnection,
    users: &[UserId],
) -> Result<(), RoomsError> {
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

/// # Errors
/// `Visitor` with the first of the users who is one, but for the room of a session.
pub(super) async fn no_visitor(
    connection: &mut PgConnection,
    kind: RoomType,
    users: &[UserId],
) -> Result<(), RoomsError> {
    if kind == RoomType::Support {
        return Ok(());
    }
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let visitor =
        query_scalar("select id from users where id = any($1) and role = 'visitor' order by id limit 1");
    let found: Option<i64> = visitor.bind(&ids).fetch_optional(connection).await?;
    found.map_or(Ok(()), |visitor| Err(RoomsError::Visitor(UserId(visitor))))
}
