//! How far a member has read.

use shared::ids::{RoomId, Seq, UserId};
use shared::model::Membership;
use shared::ports::RoomsError;
use sqlx::query;
use sqlx::sqlite::SqliteConnection;

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
where r.id = m.room_id and m.room_id = ?1 and m.user_id = ?2
returning role, read_seq, joined_seq";

pub(super) async fn mark_read(
    connection: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    seq: Seq,
) -> Result<Membership, RoomsError> {
    let row = query(MARK_READ).bind(room.0).bind(user.0).bind(seq.0).fetch_optional(connection).await?;
    let row = row.ok_or(RoomsError::NotMember)?;
    rows::membership(&row)?.ok_or(RoomsError::NotMember)
}
