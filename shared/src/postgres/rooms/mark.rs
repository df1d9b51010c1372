//! How far a member has read.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};

use super::rows;
use crate::ids::{RoomId, Seq, UserId};
use crate::ports::{RECEIPT_SPAN, Reading, RoomsError};

/// Members whose messages lie after `$since` and up to `$upto` of room $1, the reader $2 not among them;
/// $4 entries are looked through. Nobody who blocks the reader or is blocked by them.
macro_rules! senders {
    ($since:literal, $upto:literal) => {
        concat!(
            "array(
                select distinct e.sender_id
                from messages e
                join room_members s on s.room_id = e.room_id and s.user_id = e.sender_id
                where e.room_id = $1 and e.entry = 'message' and e.sender_id <> $2
                    and e.seq > greatest(",
            $since,
            ", ",
            $upto,
            " - $4) and e.seq <= ",
            $upto,
            "
                    and e.sender_id not in (
                        select blocked_id from blocks where blocker_id = $2
                        union all
                        select blocker_id from blocks where blocked_id = $2
                    )
            ) as senders"
        )
    };
}

const MARK_READ: &str = concat!(
    "
with target as (
    select m.role, m.read_seq, m.joined_seq, r.member_count, least($3::bigint, r.last_seq) as seq,
        coalesce(
            (
                select e.number from messages e
                where e.room_id = r.id and e.seq <= $3
                order by e.seq desc limit 1
            ),
            -- Everything up to there was removed: as many as came before the first that is left.
            (
                select e.number - (e.entry = 'message')::int from messages e
                where e.room_id = r.id
                order by e.seq limit 1
            ),
            r.last_number
        ) as number
    from room_members m
    join rooms r on r.id = m.room_id
    where m.room_id = $1 and m.user_id = $2
),
moved as (
    update room_members m
    set read_seq = t.seq, read_number = greatest(m.read_number, t.number)
    from target t
    where m.room_id = $1 and m.user_id = $2 and m.read_seq < t.seq
)
select role, greatest(read_seq, seq) as read_seq, joined_seq, read_seq as since, member_count, ",
    senders!("target.read_seq", "target.seq"),
    " from target"
);

const READING: &str = concat!(
    "
select m.role, m.read_seq, m.joined_seq, $3::bigint as since, r.member_count, ",
    senders!("$3", "m.read_seq"),
    "
from room_members m
join rooms r on r.id = m.room_id
where m.room_id = $1 and m.user_id = $2"
);

pub(super) async fn mark_read(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Reading, RoomsError> {
    reading_of(connection, MARK_READ, room, user, seq).await
}

pub(super) async fn reading(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
    since: Seq,
) -> Result<Reading, RoomsError> {
    reading_of(connection, READING, room, user, since).await
}

async fn reading_of(
    connection: &mut PgConnection,
    statement: &'static str,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Reading, RoomsError> {
    let asked = query(statement).bind(room.0).bind(user.0).bind(seq.0).bind(RECEIPT_SPAN);
    read(&asked.fetch_optional(connection).await?.ok_or(RoomsError::NotMember)?)
}

fn read(row: &PgRow) -> Result<Reading, RoomsError> {
    let senders: Vec<i64> = row.try_get("senders")?;
    Ok(Reading {
        membership: rows::membership(row)?.ok_or(RoomsError::NotMember)?,
        since: Seq(row.try_get("since")?),
        member_count: row.try_get("member_count")?,
        senders: senders.into_iter().map(UserId).collect(),
    })
}
