//! Keeping users out of a room.

use shared::clock::UnixMs;
use shared::ids::{RoomId, UserId};
use shared::ports::{Change, NewBan, RoomsError};
use shared::sql::storable;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, query};

use super::super::json_list;
use super::admission::known;
use super::membership::expel;
use super::present::{Present, changeable};

const IN_FORCE: &str = "
select user_id, max(until) as until from bans
where room_id = ?1 and user_id in (select value from json_each(?2)) and until > ?3
group by user_id order by user_id limit 1";
const END: &str = "update bans set until = ?3 where room_id = ?1 and user_id = ?2 and until > ?3";
const BAN: &str = "
insert into bans (room_id, user_id, until, reason, created_by, created_at) values (?1, ?2, ?3, ?4, ?5, ?6)";

pub(in super::super) async fn ban(
    connection: &mut SqliteConnection,
    room: RoomId,
    ban: &NewBan,
) -> Result<Change, RoomsError> {
    let room = changeable(connection, room).await?;
    known(connection, &[ban.user]).await?;
    query(END).bind(room.id.0).bind(ban.user.0).bind(ban.now.0).execute(&mut *connection).await?;
    query(BAN)
        .bind(room.id.0)
        .bind(ban.user.0)
        .bind(ban.until.0)
        .bind(storable(&ban.reason))
        .bind(ban.by.0)
        .bind(ban.now.0)
        .execute(&mut *connection)
        .await?;
    match expel(connection, &room, ban.user).await {
        Err(RoomsError::NotMember) => Ok(room.unchanged()),
        outcome => outcome,
    }
}

/// # Errors
/// `Banned` with the first who is.
pub(super) async fn none_banned(
    connection: &mut SqliteConnection,
    room: &Present,
    users: &[UserId],
    now: UnixMs,
) -> Result<(), RoomsError> {
    let users = json_list(users.iter().map(|user| user.0));
    let in_force = query(IN_FORCE).bind(room.id.0).bind(users).bind(now.0);
    match in_force.fetch_optional(connection).await? {
        None => Ok(()),
        Some(row) => Err(RoomsError::Banned {
            user: UserId(row.try_get("user_id")?),
            until: UnixMs(row.try_get("until")?),
        }),
    }
}
