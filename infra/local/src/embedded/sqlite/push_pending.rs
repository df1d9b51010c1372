//! The pushes that are due. The reasons stand beside the statements of Postgres.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{MessageId, RoomId, Seq, UserId};
use shared::ports::{ClaimScope, PushClaim, PushPending, StoreError, Unread};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

use super::Sqlite;

/// `?1` is a list of `[room, sender]`.
const CLAIM: &str = "
insert into push_pending (user_id, room_id, created_at)
select distinct m.user_id, m.room_id, ?2
from json_each(?1) as sent
join rooms r on r.id = sent.value ->> 0 and r.member_count <= ?4
join room_members m
    on m.room_id = r.id and m.user_id <> sent.value ->> 1 and m.read_number < r.last_number
where not exists (select 1 from connections c where c.user_id = m.user_id)
  and not exists (
    select 1 from blocks b where b.blocker_id = m.user_id and b.blocked_id = sent.value ->> 1
  )
  and not exists (select 1 from push_pending p where p.user_id = m.user_id and p.room_id = m.room_id)
  and (
    ?3
    or exists (
        select 1 from push_subscriptions s
        join users u on u.id = s.user_id and u.token_version = s.token_version
        where s.user_id = m.user_id
    )
  )
order by 1, 2
limit ?5
on conflict do nothing
returning user_id, room_id";

const UNREAD: &str = "
select
    r.name,
    r.last_number - m.read_number as unread,
    (
        select sum(max(o.last_number - om.read_number, 0))
        from room_members om
        join rooms o on o.id = om.room_id
        where om.user_id = ?1
    ) as total,
    l.id, l.seq, l.sender_id, sender.nickname as sender_name, l.content, l.created_at
from room_members m
join rooms r on r.id = m.room_id
join messages l
    on l.room_id = r.id and l.entry = 'message' and l.sender_id <> ?1 and l.seq > m.read_seq
      and l.recalled_at is null
      and not exists (select 1 from blocks b where b.blocker_id = ?1 and b.blocked_id = l.sender_id)
join users sender on sender.id = l.sender_id
where m.room_id = ?2 and m.user_id = ?1 and m.read_number < r.last_number
  and not exists (select 1 from connections c where c.user_id = m.user_id)
order by l.seq desc
limit 1";

const OVERDUE: &str = "
update push_pending
set created_at = ?2
where (user_id, room_id) in (
    select user_id, room_id from push_pending where created_at < ?1 order by created_at limit ?3
)
returning user_id, room_id";

#[async_trait]
impl PushPending for Sqlite {
    async fn claim(
        &self,
        sent: &[(RoomId, UserId)],
        scope: ClaimScope,
        now: UnixMs,
    ) -> Result<Vec<PushClaim>, StoreError> {
        let sent = serde_json::Value::from_iter(sent.iter().map(|(room, sender)| vec![room.0, sender.0]));
        let claimed = query(CLAIM)
            .bind(sent.to_string())
            .bind(now.0)
            .bind(scope.reach.webhook)
            .bind(i64::from(scope.room_max_members))
            .bind(i64::from(scope.limit))
            .fetch_all(&self.writer)
            .await?;
        claimed.iter().map(claim).collect()
    }

    async fn release(&self, claim: PushClaim) -> Result<(), StoreError> {
        query("delete from push_pending where user_id = ?1 and room_id = ?2")
            .bind(claim.user.0)
            .bind(claim.room.0)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn unread(&self, claim: PushClaim) -> Result<Option<Unread>, StoreError> {
        let row = query(UNREAD).bind(claim.user.0).bind(claim.room.0).fetch_optional(&self.readers).await?;
        row.as_ref().map(unread).transpose()
    }

    async fn overdue(&self, before: UnixMs, now: UnixMs, limit: u32) -> Result<Vec<PushClaim>, StoreError> {
        let taken =
            query(OVERDUE).bind(before.0).bind(now.0).bind(i64::from(limit)).fetch_all(&self.writer).await?;
        taken.iter().map(claim).collect()
    }
}

fn claim(row: &SqliteRow) -> Result<PushClaim, StoreError> {
    Ok(PushClaim { user: UserId(row.try_get("user_id")?), room: RoomId(row.try_get("room_id")?) })
}

fn unread(row: &SqliteRow) -> Result<Unread, StoreError> {
    Ok(Unread {
        room_name: row.try_get("name")?,
        message_id: MessageId(row.try_get("id")?),
        seq: Seq(row.try_get("seq")?),
        sender_id: UserId(row.try_get("sender_id")?),
        sender_name: row.try_get("sender_name")?,
        content: row.try_get("content")?,
        timestamp: UnixMs(row.try_get("created_at")?),
        count: row.try_get("unread")?,
        total: row.try_get("total")?,
    })
}
