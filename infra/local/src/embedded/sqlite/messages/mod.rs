//! The rooms' logs.

mod expire;
mod resume;
mod revise;
mod search;

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{MessageId, OutboxId, RoomId, Seq};
use shared::model::{Listing, Message};
use shared::ports::{
    Appended, CaughtUp, Messages, MessagesError, NewMessage, NewRevision, OUTBOX_DUE_MS, Resumption, Revised,
    Search, StoreError, Window,
};
use shared::sql::{TOPIC_MESSAGES, storable, storable_json};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::Sqlite;
use super::rows::{self, message_columns};

/// Every check in one statement; no row: not a member. A statement costs more than what it looks up, since
/// each one goes to the connection's own thread and back.
const CHECKS: &str = "
select u.nickname, r.members_version, r.closed_at is not null as closed,
    exists (
        select 1 from bans b
        where b.user_id = m.user_id and b.until > ?5 and (b.room_id is null or b.room_id = m.room_id)
    ) as banned,
    exists (
        select 1 from blocks b
        where b.blocker_id in (r.pair_low, r.pair_high) and b.blocked_id = m.user_id
    ) as blocked,
    ?4 is null or exists (
        select 1 from messages t where t.id = ?4 and t.room_id = m.room_id and t.entry = 'message'
    ) as reply_found,
    e.id as earlier_id, e.seq as earlier_seq, e.digest as earlier_digest, e.created_at as earlier_at,
    (select o.id from outbox o where o.message_id = e.id order by o.id limit 1) as earlier_outbox
from room_members m
join users u on u.id = m.user_id
join rooms r on r.id = m.room_id
left join messages e on e.room_id = m.room_id and e.sender_id = m.user_id and e.client_id = ?3
where m.room_id = ?1 and m.user_id = ?2";

const PLACE: &str = "
update rooms set last_seq = last_seq + 1, last_number = last_number + 1, active_at = max(active_at, ?2)
where id = ?1
returning last_seq, last_number";

const STORE: &str = "
insert into messages (
    id, room_id, seq, sender_id, client_id, digest, kind, content, reply_to, metadata, number, created_at
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// How many messages are visible: from the first visible one on.
const TOTAL: &str = "
select r.last_number - coalesce(
    (
        select m.number - 1 from messages m
        where m.room_id = r.id and m.seq > ?2 and m.entry = 'message'
        order by m.seq limit 1
    ),
    r.last_number
) as total, r.last_number, r.last_seq
from rooms r where r.id = ?1";

macro_rules! window {
    ($condition:literal) => {
        concat!(
            "select ",
            message_columns!(),
            " from messages m join users s on s.id = m.sender_id \
             where m.room_id = ?1 and m.seq > ?2 and m.entry = 'message' and ",
            $condition
        )
    };
}
const BEFORE: &str = window!("m.seq < ?3 order by m.seq desc limit ?4");
const AFTER: &str = window!("m.seq > ?3 order by m.seq limit ?4");
/// A page is a range of running numbers (?5 to ?6), and so of seqs: see Postgres' history_page.sql.
const PAGE: &str = window!("m.seq > ?3 and m.seq <= ?4 and m.number > ?5 and m.number <= ?6 order by m.seq");
const ONE: &str = concat!(
    "select ",
    message_columns!(),
    " from messages m join users s on s.id = m.sender_id where m.id = ?1 and m.entry = 'message'"
);

#[async_trait]
impl Messages for Sqlite {
    async fn append(&self, new: &NewMessage) -> Result<Appended, MessagesError> {
        self.transact(async |connection| append(connection, new).await).await
    }

    async fn revise(&self, new: &NewRevision) -> Result<Revised, MessagesError> {
        self.transact(async |connection| revise::revise(connection, new).await).await
    }

    async fn history(
        &self,
        room: RoomId,
        visible_after: Seq,
        window: Window,
        _written: Seq,
    ) -> Result<Listing<Message>, StoreError> {
        self.snapshot(async |connection| history(connection, room, visible_after, window).await).await
    }

    async fn search(&self, search: &Search) -> Result<Listing<Message>, StoreError> {
        self.snapshot(async |connection| search::search(connection, search).await).await
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row = query(ONE).bind(id.0).fetch_optional(&self.readers).await?;
        row.as_ref().map(rows::message).transpose()
    }

    async fn resume(&self, from: &Resumption) -> Result<CaughtUp, StoreError> {
        self.read(async |connection| resume::resume(connection, from).await).await
    }

    async fn expire(&self, cutoff: UnixMs, limit: u32) -> Result<u64, StoreError> {
        self.transact(async |connection| expire::expire(connection, cutoff, limit).await).await
    }
}

/// The only writer has the whole file, so that what it checks stays true until it commits.
async fn append(connection: &mut SqliteConnection, new: &NewMessage) -> Result<Appended, MessagesError> {
    let checks = query(CHECKS)
        .bind(new.room.0)
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(new.reply_to.map(|id| id.0))
        .bind(new.now.0)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(MessagesError::NotMember)?;
    if checks.try_get("banned")? {
        return Err(MessagesError::Banned);
    }
    if let Some(earlier) = checks.try_get("earlier_id")? {
        return repeated(&checks, MessageId(earlier), new);
    }
    // After the repeat, which was stored before these.
    if checks.try_get("closed")? {
        return Err(MessagesError::Closed);
    }
    if checks.try_get("blocked")? {
        return Err(MessagesError::Blocked);
    }
    if !checks.try_get::<bool, _>("reply_found")? {
        return Err(MessagesError::NoSuchReply);
    }
    let (seq, outbox) = store(connection, new).await?;
    Ok(Appended {
        message_id: new.id,
        seq,
        sender_name: checks.try_get("nickname")?,
        timestamp: new.now,
        members_version: checks.try_get("members_version")?,
        repeated: false,
        outbox: Some(outbox),
    })
}

fn repeated(checks: &SqliteRow, earlier: MessageId, new: &NewMessage) -> Result<Appended, MessagesError> {
    if checks.try_get::<Vec<u8>, _>("earlier_digest")? != new.digest {
        return Err(MessagesError::Conflict);
    }
    Ok(Appended {
        message_id: earlier,
        seq: Seq(checks.try_get("earlier_seq")?),
        sender_name: checks.try_get("nickname")?,
        timestamp: UnixMs(checks.try_get("earlier_at")?),
        members_version: checks.try_get("members_version")?,
        repeated: true,
        outbox: checks.try_get::<Option<i64>, _>("earlier_outbox")?.map(OutboxId),
    })
}

/// Place, message, outbox row and the sender's mark.
async fn store(
    connection: &mut SqliteConnection,
    new: &NewMessage,
) -> Result<(Seq, OutboxId), MessagesError> {
    let place = query(PLACE).bind(new.room.0).bind(new.now.0).fetch_one(&mut *connection).await?;
    let (seq, number): (i64, i64) = (place.try_get("last_seq")?, place.try_get("last_number")?);
    query(STORE)
        .bind(new.id.0)
        .bind(new.room.0)
        .bind(seq)
        .bind(new.sender.0)
        .bind(storable(new.client_id.as_str()))
        .bind(&new.digest[..])
        .bind(storable(&new.kind))
        .bind(storable(&new.content))
        .bind(new.reply_to.map(|id| id.0))
        .bind(new.metadata.as_ref().map(|metadata| storable_json(metadata).to_string()))
        .bind(number)
        .bind(new.now.0)
        .execute(&mut *connection)
        .await?;
    query("update room_members set read_seq = ?3, read_number = ?4 where room_id = ?1 and user_id = ?2")
        .bind(new.room.0)
        .bind(new.sender.0)
        .bind(seq)
        .bind(number)
        .execute(&mut *connection)
        .await?;
    search::keep(connection, new.id, &new.content).await?;
    Ok((Seq(seq), open_delivery(connection, new.room, new.id, new.now).await?))
}

/// The outbox row of an entry.
async fn open_delivery(
    connection: &mut SqliteConnection,
    room: RoomId,
    entry: MessageId,
    now: UnixMs,
) -> Result<OutboxId, sqlx::Error> {
    let opened = query_scalar(
        "insert into outbox (topic, room_id, message_id, created_at, due_at) values (?1, ?2, ?3, ?4, ?5) \
         returning id",
    );
    let opened = opened.bind(TOPIC_MESSAGES).bind(room.0).bind(entry.0).bind(now.0);
    opened.bind(now.plus(OUTBOX_DUE_MS).0).fetch_one(connection).await.map(OutboxId)
}

async fn history(
    connection: &mut SqliteConnection,
    room: RoomId,
    visible_after: Seq,
    window: Window,
) -> Result<Listing<Message>, StoreError> {
    let log = query(TOTAL).bind(room.0).bind(visible_after.0).fetch_optional(&mut *connection).await?;
    let Some(log) = log else { return Ok(Listing { items: Vec::new(), total: 0 }) };
    let total: i64 = log.try_get("total")?;
    let (last_number, last_seq): (i64, i64) = (log.try_get("last_number")?, log.try_get("last_seq")?);
    let statement = match window {
        Window::Before { seq, limit } => {
            bound(BEFORE, room, visible_after).bind(seq.0).bind(i64::from(limit))
        }
        Window::After { seq, limit } => bound(AFTER, room, visible_after).bind(seq.0).bind(i64::from(limit)),
        Window::Page(page) => {
            let high = last_number - page.offset();
            let low = (high - i64::from(page.size)).max(last_number - total);
            let others = last_seq - last_number;
            bound(PAGE, room, visible_after).bind(low).bind(high + others).bind(low).bind(high)
        }
    };
    let rows = statement.fetch_all(connection).await?;
    let mut items = rows.iter().map(rows::message).collect::<Result<Vec<_>, _>>()?;
    items.sort_unstable_by_key(|message| message.seq);
    Ok(Listing { items, total })
}

type Statement = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn bound(statement: &'static str, room: RoomId, visible_after: Seq) -> Statement {
    query(statement).bind(room.0).bind(visible_after.0)
}
