//! How far a member has read.

use shared::ids::{RoomId, Seq, UserId};
use shared::ports::{RECEIPT_SPAN, Reading, RoomsError};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::super::rows;

const MARK_READ: &str = "
update room_members as m
set read_seq = max(m.read_seq, min(?3, r.last_seq)),
    read_number = case when m.read_seq < ?3 then max(m.read_number, coalesce(
        (select e.number from messages e where e.room_id = r.id and e.seq <= ?3 order by e.seq desc limit 1),
        -- Everything up to there was removed: as many as came before the first that is left.
        (
            select e.number - (e.entry = 'message') from messages e
            where e.room_id = r.id order by e.seq limit 1
        ),
        r.last_number
    )) else m.read_number end
from rooms r
where r.id = m.room_id and m.room_id = ?1 and m.user_id = ?2";

const READING: &str = "
select m.role, m.read_seq, m.joined_seq, r.member_count
from room_members m
join rooms r on r.id = m.room_id
where m.room_id = ?1 and m.user_id = ?2";

/// Nobody who blocks the reader or is blocked by them.
const SENDERS: &str = "
select distinct e.sender_id
from messages e
join room_members s on s.room_id = e.room_id and s.user_id = e.sender_id
where e.room_id = ?1 and e.entry = 'message' and e.sender_id <> ?2
    and e.seq > max(?3, ?4 - ?5) and e.seq <= ?4
    and e.sender_id not in (
        select blocked_id from blocks where blocker_id = ?2
        union all
        select blocker_id from blocks where blocked_id = ?2
    )";

pub(super) async fn mark_read(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Reading, RoomsError> {
    let since = standing(connection, room, user).await?.membership.read_seq;
    query(MARK_READ).bind(room.0).bind(user.0).bind(seq.0).execute(&mut *connection).await?;
    reading(connection, room, user, since).await
}

pub(super) async fn reading(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    since: Seq,
) -> Result<Reading, RoomsError> {
    let standing = standing(connection, room, user).await?;
    let senders: Vec<i64> = query_scalar(SENDERS)
        .bind(room.0)
        .bind(user.0)
        .bind(since.0)
        .bind(standing.membership.read_seq.0)
        .bind(RECEIPT_SPAN)
        .fetch_all(connection)
        .await?;
    Ok(Reading { since, senders: senders.into_iter().map(UserId).collect(), ..standing })
}

/// How far they have read, without whom that concerns.
async fn standing(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<Reading, RoomsError> {
    let row = query(READING).bind(room.0).bind(user.0).fetch_optional(connection).await?;
    let row: SqliteRow = row.ok_or(RoomsError::NotMember)?;
    let membership = rows::membership(&row)?.ok_or(RoomsError::NotMember)?;
    Ok(Reading {
        since: membership.read_seq,
        member_count: row.try_get("member_count")?,
        senders: Vec::new(),
        membership,
    })
}
