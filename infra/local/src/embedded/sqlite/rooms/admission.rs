//! How users get in.

use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{MemberRole, RoomType};
use shared::ports::{Change, RoomsError};
use shared::sql::word;
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::super::json_list;
use super::banning::none_banned;
use super::present::Present;

/// Who comes starts read: behind them lies everything there is.
const ADMIT: &str = "
insert into room_members (room_id, user_id, role, read_seq, read_number, joined_seq, joined_at)
select id, ?2, ?3, last_seq, last_number, last_seq, ?4 from rooms where id = ?1";

/// Raises the version by one, and the number of members by ?2.
pub(super) const RECOUNT: &str = "
update rooms set members_version = members_version + 1, member_count = member_count + ?2
where id = ?1
returning members_version";

/// Which of the users aren't members yet, each once, in the order given.
pub(in super::super) async fn newcomers(
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
pub(in super::super) async fn admit(
    connection: &mut SqliteConnection,
    room: &Present,
    newcomers: &[(UserId, MemberRole)],
    max_members: u32,
    now: UnixMs,
) -> Result<Change, RoomsError> {
    let users: Vec<UserId> = newcomers.iter().map(|(user, _)| *user).collect();
    known(connection, &users).await?;
    no_visitor(connection, room.kind, &users).await?;
    none_banned(connection, room, &users, now).await?;
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
pub(in super::super) async fn known(
    connection: &mut SqliteConnection,
    users: &[UserId],
) -> Result<(), RoomsError> {
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

/// # Errors
/// `Visitor` with the first of the users who is one, but for the room of a session.
pub(super) async fn no_visitor(
    connection: &mut SqliteConnection,
    kind: RoomType,
    users: &[UserId],
) -> Result<(), RoomsError> {
    if kind == RoomType::Support {
        return Ok(());
    }
    let visitor = query_scalar(
        "select id from users where id in (select value from json_each(?1)) and role = 'visitor' \
         order by id limit 1",
    );
    let ids = json_list(users.iter().map(|user| user.0));
    let found: Option<i64> = visitor.bind(ids).fetch_optional(connection).await?;
    found.map_or(Ok(()), |visitor| Err(RoomsError::Visitor(UserId(visitor))))
}
