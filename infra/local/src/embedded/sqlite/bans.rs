//! Keeping users out.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{RoomId, UserId};
use shared::ports::{AccountsError, Bans, Change, NewBan, RoomsError, StoreError};
use shared::sql::storable;
use sqlx::query;

use super::{Sqlite, rooms};

const LIFT: &str = "update bans set until = ?2 where user_id = ?1 and room_id is null and until > ?2";
const LIFT_FROM_ROOM: &str = "update bans set until = ?3 where room_id = ?1 and user_id = ?2 and until > ?3";
const REVOKE: &str = "
update users set token_version = token_version + 1, revoked_at = ?2 where id = ?1 and not deleted";
const BAN: &str = "
insert into bans (user_id, until, reason, created_by, created_at) values (?1, ?2, ?3, ?4, ?5)";

#[async_trait]
impl Bans for Sqlite {
    async fn ban(&self, ban: &NewBan) -> Result<(), AccountsError> {
        self.transact(async |connection| {
            query(LIFT).bind(ban.user.0).bind(ban.now.0).execute(&mut *connection).await?;
            let revoked = query(REVOKE).bind(ban.user.0).bind(ban.now.0).execute(&mut *connection).await?;
            if revoked.rows_affected() == 0 {
                return Err(AccountsError::NotFound);
            }
            query(BAN)
                .bind(ban.user.0)
                .bind(ban.until.0)
                .bind(storable(&ban.reason))
                .bind(ban.by.0)
                .bind(ban.now.0)
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
    }

    async fn lift(&self, user: UserId, now: UnixMs) -> Result<bool, StoreError> {
        let done = query(LIFT).bind(user.0).bind(now.0).execute(&self.writer).await?;
        Ok(done.rows_affected() > 0)
    }

    async fn ban_from_room(&self, room: RoomId, ban: &NewBan) -> Result<Change, RoomsError> {
        self.transact(async |connection| rooms::ban(connection, room, ban).await).await
    }

    async fn lift_from_room(&self, room: RoomId, user: UserId, now: UnixMs) -> Result<bool, StoreError> {
        let lift = query(LIFT_FROM_ROOM).bind(room.0).bind(user.0).bind(now.0);
        Ok(lift.execute(&self.writer).await?.rows_affected() > 0)
    }
}
