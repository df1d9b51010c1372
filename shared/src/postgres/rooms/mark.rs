//! How far a member has read.

use sqlx::postgres::PgConnection;
use sqlx::query;

use super::rows;
use crate::ids::{RoomId, Seq, UserId};
use crate::model::Membership;
use crate::ports::RoomsError;

const MARK_READ: &str = "
with target as (
    select m.role, m.read_seq, m.joined_seq, least($3::bigint, r.last_seq) as seq,
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
select role, greatest(read_seq, seq) as read_seq, joined_seq from target";

pub(super) async fn mark_read(
    connection: &mut PgConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Membership, RoomsError> {
    let row = query(MARK_READ).bind(room.0).bind(user.0).bind(seq.0).fetch_optional(connection).await?;
    let row = row.ok_or(RoomsError::NotMember)?;
    rows::membership(&row)?.ok_or(RoomsError::NotMember)
}
