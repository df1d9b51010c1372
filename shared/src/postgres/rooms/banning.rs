//! Keeping users out of a room.

use sqlx::postgres::PgConnection;
use sqlx::{Row, query};

use super::super::times::{time_of, timestamp};
use super::admission::known;
use super::locked::{Locked, lock_changeable};
use super::membership::expel;
use crate::clock::UnixMs;
use crate::ids::{RoomId, UserId};
use crate::ports::{Change, NewBan, RoomsError};
use crate::sql::storable;

const IN_FORCE: &str = "
select user_id, max(until) as until from bans
where room_id = $1 and user_id = any($2) and until > $3
group by user_id order by user_id limit 1";
const BAN: &str = "
with ended as (
    update bans set until = $6 where room_id = $1 and user_id = $2 and until > $6
)
insert into bans (room_id, user_id, until, reason, created_by, created_at) values ($1, $2, $3, $4, $5, $6)";

/// Takes the room's row, as whoever comes in does: so nobody who is banned here comes in beside it.
pub(in super::super) async fn ban(
    connection: &mut PgConnection,
    room: RoomId,
    ban: &NewBan,
) -> Result<Change, RoomsError> {
    let locked = lock_changeable(connection, room).await?;
    known(connection, &[ban.user]).await?;
    query(BAN)
        .bind(room.0)
        .bind(ban.user.0)
        .bind(timestamp(ban.until))
        .bind(storable(&ban.reason))
        .bind(ban.by.0)
        .bind(timestamp(ban.now))
        .execute(&mut *connection)
        .await?;
    match expel(connection, &locked, ban.user).await {
        Err(RoomsError::NotMember) => Ok(locked.unchanged()),
        outcome => outcome,
    }
}

/// # Errors
/// `Banned` with the first who is.
pub(super) async fn none_banned(
    connection: &mut PgConnection,
    room: &Locked,
    users: &[UserId],
    now: UnixMs,
) -> Result<(), RoomsError> {
    let ids: Vec<i64> = users.iter().map(|user| user.0).collect();
    let in_force = query(IN_FORCE).bind(room.id.0).bind(ids).bind(timestamp(now));
    match in_force.fetch_optional(connection).await? {
        None => Ok(()),
        Some(row) => {
            Err(RoomsError::Banned { user: UserId(row.try_get("user_id")?), until: time_of(&row, "until")? })
        }
    }
}
