//! The pushes that are due.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Row, query};

use super::times::{time_of, timestamp};
use super::{Postgres, statements};
use crate::clock::UnixMs;
use crate::ids::{MessageId, RoomId, Seq, UserId};
use crate::ports::{ClaimScope, PushClaim, PushPending, StoreError, Unread};

const OVERDUE: &str = "
update push_pending
set created_at = $2
where (user_id, room_id) in (
    select user_id, room_id from push_pending where created_at < $1
    order by created_at
    limit $3
    for update skip locked
)
returning user_id, room_id";

#[async_trait]
impl PushPending for Postgres {
    async fn claim(
        &self,
        sent: &[(RoomId, UserId)],
        scope: ClaimScope,
        now: UnixMs,
    ) -> Result<Vec<PushClaim>, StoreError> {
        let (rooms, senders): (Vec<i64>, Vec<i64>) = sent.iter().map(|(room, user)| (room.0, user.0)).unzip();
        self.run(async |connection| {
            let claimed = query(statements::PUSH_CLAIM)
                .bind(&rooms)
                .bind(&senders)
                .bind(timestamp(now))
                .bind(scope.reach.webhook)
                .bind(i64::from(scope.room_max_members))
                .bind(i64::from(scope.limit))
                .fetch_all(connection)
                .await?;
            claimed.iter().map(claim).collect()
        })
        .await
    }

    async fn release(&self, claim: PushClaim) -> Result<(), StoreError> {
        self.run(async |connection| {
            query("delete from push_pending where user_id = $1 and room_id = $2")
                .bind(claim.user.0)
                .bind(claim.room.0)
                .execute(connection)
                .await?;
            Ok(())
        })
        .await
    }

    async fn unread(&self, claim: PushClaim) -> Result<Option<Unread>, StoreError> {
        self.run(async |connection| {
            let row = query(statements::PUSH_UNREAD).bind(claim.user.0).bind(claim.room.0);
            row.fetch_optional(connection).await?.as_ref().map(unread).transpose()
        })
        .await
    }

    async fn overdue(&self, before: UnixMs, now: UnixMs, limit: u32) -> Result<Vec<PushClaim>, StoreError> {
        self.run(async |connection| {
            let taken = query(OVERDUE)
                .bind(timestamp(before))
                .bind(timestamp(now))
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            taken.iter().map(claim).collect()
        })
        .await
    }
}

fn claim(row: &PgRow) -> Result<PushClaim, StoreError> {
    Ok(PushClaim { user: UserId(row.try_get("user_id")?), room: RoomId(row.try_get("room_id")?) })
}

fn unread(row: &PgRow) -> Result<Unread, StoreError> {
    Ok(Unread {
        room_name: row.try_get("name")?,
        message_id: MessageId(row.try_get("id")?),
        seq: Seq(row.try_get("seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        content: row.try_get("content")?,
        timestamp: time_of(row, "created_at")?,
        count: row.try_get("unread")?,
        total: row.try_get("total")?,
    })
}
