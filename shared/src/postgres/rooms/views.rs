//! What is read of rooms, each in one statement.

use sqlx::postgres::PgConnection;
use sqlx::{Row, query, query_scalar};

use super::super::statements;
use super::rows::{self, room_columns};
use crate::ids::{NameOr, RoomId, RoomRef, UserId};
use crate::model::{Listing, Member, Membership, Page, Room, RoomSummary};
use crate::ports::{Audience, StoreError};
use crate::sql::folded;

const BY_ID: &str = concat!("select ", room_columns!(), " from rooms r where r.id = $1");
const BY_NAME: &str =
    concat!("select ", room_columns!(), " from rooms r where r.type = 'public' and r.name_folded = $1");

macro_rules! with_membership {
    () => {
        concat!(
            "select ",
            room_columns!(),
            ", m.role, m.read_seq, m.joined_seq from rooms r \
             left join room_members m on m.room_id = r.id and m.user_id = $2 where "
        )
    };
}
const MEMBERSHIP_BY_ID: &str = concat!(with_membership!(), "r.id = $1");
const MEMBERSHIP_BY_NAME: &str = concat!(with_membership!(), "r.type = 'public' and r.name_folded = $1");

const MEMBERS: &str = "
select r.member_count as total, m.user_id, u.username, u.nickname, m.role, m.joined_at, m.read_seq
from rooms r
left join lateral (
    select * from room_members where room_id = r.id order by joined_at, user_id limit $2 offset $3
) m on true
left join users u on u.id = m.user_id
where r.id = $1
order by m.joined_at, m.user_id";

pub(super) async fn find(connection: &mut PgConnection, room: &RoomRef) -> Result<Option<Room>, StoreError> {
    let statement = match room {
        NameOr::Id(id) => query(BY_ID).bind(id.0),
        NameOr::Name(name) => query(BY_NAME).bind(folded(name)),
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(rows::room).transpose()
}

pub(super) async fn membership(
    connection: &mut PgConnection,
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
    connection: &mut PgConnection,
    room: RoomId,
    viewer: UserId,
) -> Result<Option<RoomSummary>, StoreError> {
    let row = query(statements::SUMMARY).bind(viewer.0).bind(room.0).fetch_optional(connection).await?;
    row.as_ref().map(rows::summary).transpose()
}

pub(super) async fn list(
    connection: &mut PgConnection,
    viewer: UserId,
    all: bool,
    page: Page,
) -> Result<Listing<RoomSummary>, StoreError> {
    let statement = if all { statements::LIST_ALL } else { statements::LIST_OWN };
    let rows = query(statement)
        .bind(viewer.0)
        .bind(i64::from(page.size))
        .bind(page.offset())
        .fetch_all(connection)
        .await?;
    listing(&rows, "id", rows::summary)
}

pub(super) async fn members(
    connection: &mut PgConnection,
    room: RoomId,
    page: Page,
) -> Result<Listing<Member>, StoreError> {
    let rows = query(MEMBERS)
        .bind(room.0)
        .bind(i64::from(page.size))
        .bind(page.offset())
        .fetch_all(connection)
        .await?;
    listing(&rows, "user_id", rows::member)
}

pub(super) async fn audience(
    connection: &mut PgConnection,
    room: RoomId,
) -> Result<Option<Audience>, StoreError> {
    let row = query(statements::AUDIENCE).bind(room.0).fetch_optional(connection).await?;
    row.map(|row| {
        let members: Vec<i64> = row.try_get("members")?;
        Ok(Audience {
            members_version: row.try_get("members_version")?,
            members: members.into_iter().map(UserId).collect(),
        })
    })
    .transpose()
}

pub(super) async fn rooms_of(connection: &mut PgConnection, user: UserId) -> Result<Vec<RoomId>, StoreError> {
    let rooms: Vec<i64> = query_scalar(statements::ROOMS_OF).bind(user.0).fetch_all(connection).await?;
    Ok(rooms.into_iter().map(RoomId).collect())
}

/// Rows that all carry the total; a lone row whose `key` is null is an empty page.
fn listing<T>(
    rows: &[sqlx::postgres::PgRow],
    key: &str,
    read: impl Fn(&sqlx::postgres::PgRow) -> Result<T, StoreError>,
) -> Result<Listing<T>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get("total"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<Option<i64>, _>(key)?.is_some() {
            items.push(read(row)?);
        }
    }
    Ok(Listing { items, total })
}
