//! Edits and recalls.

use shared::clock::UnixMs;
use shared::ids::{OutboxId, RoomId, Seq};
use shared::ports::{MessagesError, NewRevision, Placed, Revised, Revision};
use shared::sql::storable;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query};
use uuid::Uuid;

use super::{open_delivery, search};

/// Every check in one statement, as in Postgres' revise.sql; no row: not a member of the room.
const CHECKS: &str = "
with target as (
    select * from messages where id = ?1 and entry = 'message' and room_id = coalesce(?2, room_id)
)
select u.nickname, r.id as room_id, r.members_version, t.seq as target_seq, t.kind,
    exists (
        select 1 from bans b
        where b.user_id = m.user_id and b.until > ?6 and (b.room_id is null or b.room_id = m.room_id)
    ) as banned,
    case
        when t.recalled_at is not null then 'recalled'
        when ?5 = 'recalled' and m.role in ('admin', 'owner') then null
        when t.sender_id <> ?3 then 'not_sender'
        when ?5 = 'edited' and exists (
            select 1 from blocks b
            where b.blocker_id in (r.pair_low, r.pair_high) and b.blocked_id = m.user_id
        ) then 'blocked'
        when ?5 = 'edited' and r.closed_at is not null then 'closed'
        when t.created_at < ?7 then 'too_late'
    end as refusal,
    e.id as earlier_id, e.seq as earlier_seq, e.target_seq as earlier_target_seq, e.digest as earlier_digest,
    e.content as earlier_content, e.created_at as earlier_at,
    (select o.id from outbox o where o.message_id = e.id order by o.id limit 1) as earlier_outbox
from room_members m
join users u on u.id = m.user_id
join rooms r on r.id = m.room_id
left join target t on true
left join messages e on e.room_id = m.room_id and e.sender_id = m.user_id and e.client_id = ?4
where m.room_id = coalesce(?2, (select room_id from target)) and m.user_id = ?3";

/// No message is added: `last_number` stays.
const PLACE: &str = "update rooms set last_seq = last_seq + 1 where id = ?1 returning last_seq, last_number";

const STORE: &str = "
insert into messages (
    id, room_id, seq, sender_id, client_id, digest, entry, kind, content, number, created_at,
    target_id, target_seq
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const EDIT: &str = "update messages set content = ?2, edited_at = ?3 where id = ?1";

/// What was recalled must not be read from an earlier edit either.
const RECALL: &str = "
update messages
set content = '', reply_to = null, metadata = null, edited_at = null,
    recalled_at = case when id = ?1 then ?2 end
where id = ?1 or target_id = ?1";

/// The only writer has the whole file, so that what it checks stays true until it commits.
pub(super) async fn revise(
    connection: &mut SqliteConnection,
    new: &NewRevision,
) -> Result<Revised, MessagesError> {
    let absent = if new.room.is_some() { MessagesError::NotMember } else { MessagesError::NoSuchMessage };
    let checks = query(CHECKS)
        .bind(new.message.0)
        .bind(new.room.map(|room| room.0))
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(new.revision.word())
        .bind(new.now.0)
        .bind(new.not_before.0)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(absent)?;
    if checks.try_get("banned")? {
        return Err(MessagesError::Banned);
    }
    if checks.try_get::<Option<Uuid>, _>("earlier_id")?.is_some() {
        return repeated(&checks, new);
    }
    if let Some(refusal) = checks.try_get::<Option<String>, _>("refusal")? {
        return Err(MessagesError::of_refusal(&refusal));
    }
    write(connection, &checks, new).await
}

fn repeated(checks: &SqliteRow, new: &NewRevision) -> Result<Revised, MessagesError> {
    if checks.try_get::<Vec<u8>, _>("earlier_digest")? != new.digest {
        return Err(MessagesError::Conflict);
    }
    let placed = Placed {
        room: RoomId(checks.try_get("room_id")?),
        seq: Seq(checks.try_get("earlier_seq")?),
        target_seq: Seq(checks.try_get("earlier_target_seq")?),
        sender_name: checks.try_get("nickname")?,
        content: checks.try_get("earlier_content")?,
        timestamp: UnixMs(checks.try_get("earlier_at")?),
    };
    Ok(Revised {
        entry: new.entry(placed),
        members_version: checks.try_get("members_version")?,
        repeated: true,
        outbox: checks.try_get::<Option<i64>, _>("earlier_outbox")?.map(OutboxId),
    })
}

/// Place, entry, message and outbox row.
async fn write(
    connection: &mut SqliteConnection,
    checks: &SqliteRow,
    new: &NewRevision,
) -> Result<Revised, MessagesError> {
    let target_seq: Option<i64> = checks.try_get("target_seq")?;
    let target_seq = Seq(target_seq.ok_or(MessagesError::NoSuchMessage)?);
    let room = RoomId(checks.try_get("room_id")?);
    let place = query(PLACE).bind(room.0).fetch_one(&mut *connection).await?;
    let seq = Seq(place.try_get("last_seq")?);
    query(STORE)
        .bind(new.id.0)
        .bind(room.0)
        .bind(seq.0)
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(&new.digest[..])
        .bind(new.revision.word())
        .bind(checks.try_get::<String, _>("kind")?)
        .bind(storable(new.revision.content()))
        .bind(place.try_get::<i64, _>("last_number")?)
        .bind(new.now.0)
        .bind(new.message.0)
        .bind(target_seq.0)
        .execute(&mut *connection)
        .await?;
    change(connection, new).await?;
    let outbox = open_delivery(connection, room, new.id, new.now).await?;
    let placed = Placed {
        room,
        seq,
        target_seq,
        sender_name: checks.try_get("nickname")?,
        content: new.revision.content().to_owned(),
        timestamp: new.now,
    };
    Ok(Revised {
        entry: new.entry(placed),
        members_version: checks.try_get("members_version")?,
        repeated: false,
        outbox: Some(outbox),
    })
}

/// The message itself.
async fn change(connection: &mut SqliteConnection, new: &NewRevision) -> Result<(), sqlx::Error> {
    let statement = match &new.revision {
        Revision::Edit { content } => query(EDIT).bind(new.message.0).bind(storable(content)),
        Revision::Recall => query(RECALL).bind(new.message.0),
    };
    statement.bind(new.now.0).execute(&mut *connection).await?;
    search::keep(connection, new.message, new.revision.content()).await
}
