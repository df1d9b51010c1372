//! What is read of rooms; what takes several statements is called on one snapshot.

use shared::ids::{NameOr, RoomId, RoomRef, UserId};
use shared::model::{Listing, Member, Membership, Page, Room, RoomSummary};
use shared::ports::{Audience, StoreError};
use shared::sql::folded;
use sqlx::sqlite::SqliteConnection;
use sqlx::{query, query_scalar};

use super::super::rows::{self, message_columns};

const BY_ID: &str = "select * from rooms where id = ?1";
const BY_NAME: &str = "select * from rooms where type = 'public' and name_folded = ?1";

macro_rules! with_membership {
    ($condition:literal) => {
        concat!(
            "select r.*, m.role, m.read_seq, m.joined_seq from rooms r \
             left join room_members m on m.room_id = r.id and m.user_id = ?2 where ",
            $condition
        )
    };
}
const MEMBERSHIP_BY_ID: &str = with_membership!("r.id = ?1");
const MEMBERSHIP_BY_NAME: &str = with_membership!("r.type = 'public' and r.name_folded = ?1");

/// What viewer ?1 sees of rooms. Unread is the difference of two running numbers; the last message is
/// withheld from whoever isn't in the room, and from whoever may not read back to before they came.
macro_rules! summaries {
    ($condition:literal) => {
        concat!(
            "select r.id, r.type, r.name, r.description, r.last_seq, r.history_before_joining, r.created_by, \
             r.created_at, r.member_count, r.members_version, me.role, \
             coalesce(me.read_seq, 0) as read_seq, \
             coalesce(r.last_number - me.read_number, 0) as unread_count, \
             peer.id as peer_id, peer.username as peer_username, peer.nickname as peer_nickname, ",
            message_columns!(),
            " from rooms r \
             left join room_members me on me.room_id = r.id and me.user_id = ?1 \
             left join messages m on m.room_id = r.id and m.seq = ( \
                 select max(l.seq) from messages l where l.room_id = r.id and l.entry = 'message' \
                 and me.user_id is not null and (r.history_before_joining or l.seq > me.joined_seq)) \
             left join users s on s.id = m.sender_id \
             left join users peer on peer.id = case \
                 when r.pair_low = ?1 then r.pair_high when r.pair_high = ?1 then r.pair_low end \
             where ",
            $condition
        )
    };
}
const SUMMARY: &str = summaries!("r.id = ?2");
const LIST_OWN: &str = summaries!(
    "r.id in (select room_id from room_members where user_id = ?1) \
     order by r.active_at desc, r.id desc limit ?2 offset ?3"
);
const LIST_ALL: &str = summaries!(
    "(r.type <> 'direct' or ?1 in (r.pair_low, r.pair_high)) \
     order by r.active_at desc, r.id desc limit ?2 offset ?3"
);
const COUNT_OWN: &str = "select count(*) from room_members where user_id = ?1";
const COUNT_ALL: &str = "select count(*) from rooms where type <> 'direct' or ?1 in (pair_low, pair_high)";

const MEMBERS: &str = "
select m.user_id, u.username, u.nickname, m.role, m.joined_at, m.read_seq
from room_members m
join users u on u.id = m.user_id
where m.room_id = ?1
order by m.joined_at, m.user_id
limit ?2 offset ?3";

pub(super) async fn find(
    connection: &mut SqliteConnection,
    room: &RoomRef,
) -> Result<Option<Room>, StoreError> {
    let statement = match room {
        NameOr::Id(id) => query(BY_ID).bind(id.0),
        NameOr::Name(name) => query(BY_NAME).bind(folded(name)),
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(rows::room).transpose()
}

pub(super) async fn membership(
    connection: &mut SqliteConnection,
    room: &RoomRef,
    user: UserId,
) -> Result<Option<(Room, Option<Membership>)>, StoreError> {
    let statement = match room {
        NameOr::Id(id) => query(MEMBERSHIP_BY_ID).bind(id.0),
        NameOr::Name(name) => query(MEMBERSHIP_BY_NAME).bind(folded(name)),
    };
    let row = statement.bind(user.0).fetch_optional(connection).await?;
    row.map(|row| Ok((rows::room(&row)?, rows::membership(&row)?))).transpose()
}

pub(super) async fn summary(
    connection: &mut SqliteConnection,
    room: RoomId,
    viewer: UserId,
) -> Result<Option<RoomSummary>, StoreError> {
    let row = query(SUMMARY).bind(viewer.0).bind(room.0).fetch_optional(connection).await?;
    row.as_ref().map(rows::summary).transpose()
}

pub(super) async fn list(
    connection: &mut SqliteConnection,
    viewer: UserId,
    all: bool,
    page: Page,
) -> Result<Listing<RoomSummary>, StoreError> {
    let (count, list) = if all { (COUNT_ALL, LIST_ALL) } else { (COUNT_OWN, LIST_OWN) };
    let total = query_scalar(count).bind(viewer.0).fetch_one(&mut *connection).await?;
    let rows = query(list)
        .bind(viewer.0)
        .bind(i64::from(page.size))
        .bind(page.offset())
        .fetch_all(connection)
        .await?;
    let items = rows.iter().map(rows::summary).collect::<Result<_, _>>()?;
    Ok(Listing { items, total })
}

pub(super) async fn members(
    connection: &mut SqliteConnection,
    room: RoomId,
    page: Page,
) -> Result<Listing<Member>, StoreError> {
    let total: Option<i64> = query_scalar("select member_count from rooms where id = ?1")
        .bind(room.0)
        .fetch_optional(&mut *connection)
        .await?;
    let rows = query(MEMBERS)
        .bind(room.0)
        .bind(i64::from(page.size))
        .bind(page.offset())
        .fetch_all(connection)
        .await?;
    let items = rows.iter().map(rows::member).collect::<Result<_, _>>()?;
    Ok(Listing { items, total: total.unwrap_or(0) })
}

pub(super) async fn audience(
    connection: &mut SqliteConnection,
    room: RoomId,
) -> Result<Option<Audience>, StoreError> {
    let version: Option<i64> = query_scalar("select members_version from rooms where id = ?1")
        .bind(room.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(members_version) = version else { return Ok(None) };
    let members: Vec<i64> =
        query_scalar("select user_id from room_members where room_id = ?1 order by user_id")
            .bind(room.0)
            .fetch_all(connection)
            .await?;
    Ok(Some(Audience { members_version, members: members.into_iter().map(UserId).collect() }))
}

pub(super) async fn rooms_of(
    connection: &mut SqliteConnection,
    user: UserId,
) -> Result<Vec<RoomId>, StoreError> {
    let rooms: Vec<i64> =
        query_scalar("select room_id from room_members where user_id = ?1 order by room_id")
            .bind(user.0)
            .fetch_all(connection)
            .await?;
    Ok(rooms.into_iter().map(RoomId).collect())
}
