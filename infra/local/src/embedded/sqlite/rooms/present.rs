//! A room as it is until the transaction ends: nobody else writes.

use shared::ids::{NameOr, RoomId, RoomRef, Seq, UserId};
use shared::model::RoomType;
use shared::ports::{Change, RoomsError};
use shared::sql::{folded, from_word};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query};

pub(in super::super) struct Present {
    pub(in super::super) id: RoomId,
    pub(super) kind: RoomType,
    last_seq: Seq,
    members_version: i64,
    pub(super) member_count: i64,
}

impl Present {
    /// What a change says that changed nothing.
    pub(super) fn unchanged(&self) -> Change {
        self.change(Vec::new(), self.members_version)
    }

    pub(super) fn change(&self, users: Vec<UserId>, members_version: i64) -> Change {
        Change { room: self.id, users, members_version, last_seq: self.last_seq }
    }
}

pub(in super::super) fn present(row: &SqliteRow) -> Result<Present, RoomsError> {
    Ok(Present {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        last_seq: Seq(row.try_get("last_seq")?),
        members_version: row.try_get("members_version")?,
        member_count: row.try_get("member_count")?,
    })
}

pub(in super::super) async fn look(
    connection: &mut SqliteConnection,
    room: &RoomRef,
) -> Result<Option<Present>, RoomsError> {
    let statement = match room {
        NameOr::Id(id) => query("select * from rooms where id = ?1").bind(id.0),
        NameOr::Name(name) => {
            query("select * from rooms where type = 'public' and name_folded = ?1").bind(folded(name))
        }
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(present).transpose()
}

/// A room whose members may change.
///
/// # Errors
/// `NotFound`; `FixedMembers` for the room of a pair.
pub(super) async fn changeable(
    connection: &mut SqliteConnection,
    room: RoomId,
) -> Result<Present, RoomsError> {
    let room = look(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?;
    if room.kind == RoomType::Direct { Err(RoomsError::FixedMembers) } else { Ok(room) }
}
