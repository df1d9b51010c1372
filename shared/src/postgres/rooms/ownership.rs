//! A room with members has one owner.

use sqlx::postgres::PgConnection;
use sqlx::{query, query_scalar};

use super::locked::lock_changeable;
use crate::ids::{RoomId, UserId};
use crate::model::MemberRole;
use crate::ports::RoomsError;
use crate::sql::word;

/// The longest-standing admin, else member; whoever came at the same moment, by id.
const PASS_ON: &str = "
update room_members
set role = 'owner'
where room_id = $1 and user_id = (
    select user_id from room_members
    where room_id = $1 and user_id <> $2
    order by case role when 'admin' then 0 else 1 end, joined_at, user_id
    limit 1
)";

/// Makes another than `user` the owner. Changes nothing when nobody else is there.
pub(super) async fn pass_on(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
) -> Result<bool, RoomsError> {
    let done = query(PASS_ON).bind(room.0).bind(user.0).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// Gives the role. An owner who takes a lower one passes the room on as if they left; alone, they stay.
pub(super) async fn set_role(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
    role: MemberRole,
) -> Result<(), RoomsError> {
    lock_changeable(connection, room).await?;
    let present: Option<String> =
        query_scalar("select role from room_members where room_id = $1 and user_id = $2")
            .bind(room.0)
            .bind(user.0)
            .fetch_optional(&mut *connection)
            .await?;
    let was_owner = present.ok_or(RoomsError::NotMember)? == word(MemberRole::Owner);
    if role == MemberRole::Owner {
        query("update room_members set role = 'admin' where room_id = $1 and role = 'owner'")
            .bind(room.0)
            .execute(&mut *connection)
            .await?;
    } else if was_owner && !pass_on(connection, room, user).await? {
        return Ok(());
    }
    query("update room_members set role = $3 where room_id = $1 and user_id = $2")
        .bind(room.0)
        .bind(user.0)
        .bind(word(role))
        .execute(connection)
        .await?;
    Ok(())
}
