//! Keeping users out.

use async_trait::async_trait;
use sqlx::query;

use super::times::timestamp;
use super::{Postgres, rooms};
use crate::clock::UnixMs;
use crate::ids::{RoomId, UserId};
use crate::ports::{AccountsError, Bans, Change, NewBan, RoomsError, StoreError};
use crate::sql::storable;

const BAN: &str = "
with ended as (
    update bans set until = $5 where user_id = $1 and room_id is null and until > $5
),
revoked as (
    update users set token_version = token_version + 1, revoked_at = $5
    where id = $1 and not deleted
    returning id
)
insert into bans (user_id, until, reason, created_by, created_at)
select r.id, $2, $3, $4, $5 from revoked r";
const LIFT: &str = "update bans set until = $2 where user_id = $1 and room_id is null and until > $2";
const LIFT_FROM_ROOM: &str = "update bans set until = $3 where room_id = $1 and user_id = $2 and until > $3";

#[async_trait]
impl Bans for Postgres {
    async fn ban(&self, ban: &NewBan) -> Result<(), AccountsError> {
        self.run(async |connection| {
            let done = query(BAN)
                .bind(ban.user.0)
                .bind(timestamp(ban.until))
                .bind(storable(&ban.reason))
                .bind(ban.by.0)
                .bind(timestamp(ban.now))
                .execute(connection)
                .await?;
            if done.rows_affected() == 0 { Err(AccountsError::NotFound) } else { Ok(()) }
        })
        .await
    }

    async fn lift(&self, user: UserId, now: UnixMs) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let done = query(LIFT).bind(user.0).bind(timestamp(now)).execute(connection).await?;
            Ok(done.rows_affected() > 0)
        })
        .await
    }

    async fn ban_from_room(&self, room: RoomId, ban: &NewBan) -> Result<Change, RoomsError> {
        self.transact(async |connection| rooms::ban(connection, room, ban).await).await
    }

    async fn lift_from_room(&self, room: RoomId, user: UserId, now: UnixMs) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let lift = query(LIFT_FROM_ROOM).bind(room.0).bind(user.0).bind(timestamp(now));
            Ok(lift.execute(connection).await?.rows_affected() > 0)
        })
        .await
    }
}
