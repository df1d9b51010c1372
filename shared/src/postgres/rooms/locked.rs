//! A room whose row a transaction holds.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query};

use crate::ids::{NameOr, RoomId, RoomRef, Seq, UserId};
use crate::model::RoomType;
use crate::ports::{Change, RoomsError};
use crate::sql::{folded, from_word};

/// Exactly the lock that an update takes: appends wait, readers and foreign keys don't.
macro_rules! lock {
    ($condition:literal) => {
        concat!(
            "select id, type, last_seq, members_version, member_count from rooms where ",
            $condition,
            " for no key update"
        )
    };
}

/// A room whose row this transaction holds.
pub(in crate::postgres) struct Locked {
    pub(in crate::postgres) id: RoomId,
    pub(in crate::postgres) kind: RoomType,
    last_seq: Seq,
    members_version: i64,
    pub(in crate::postgres) member_count: i64,
}

impl Locked {
    /// A room that this transaction has just made, still without members.
    pub(in crate::postgres) fn fresh(id: RoomId, kind: RoomType) -> Self {
        Self { id, kind, last_seq: Seq(0), members_version: 0, member_count: 0 }
    }

    /// What a change says that changed nothing.
    pub(in crate::postgres) fn unchanged(&self) -> Change {
        self.change(Vec::new(), self.members_version)
    }

    pub(in crate::postgres) fn change(&self, users: Vec<UserId>, members_version: i64) -> Change {
        Change { room: self.id, users, members_version, last_seq: self.last_seq }
    }

    /// # Errors
    /// `FixedMembers` for the room of a pair.
    pub(super) fn changeable(self) -> Result<Self, RoomsError> {
        if self.kind == RoomType::Direct { Err(RoomsError::FixedMembers) } else { Ok(self) }
    }
}

/// Takes the room's row; None when there is no such room.
pub(in crate::postgres) async fn lock(
    connection: &mut PgConnection,
    room: &RoomRef,
) -> Result<Option<Locked>, RoomsError> {
    let statement = match room {
        NameOr::Id(id) => query(lock!("id = $1")).bind(id.0),
        NameOr::Name(name) => query(lock!("type = 'public' and name_folded = $1")).bind(folded(name)),
    };
    let row = statement.fetch_optional(connection).await?;
    row.as_ref().map(locked).transpose()
}

fn locked(row: &PgRow) -> Result<Locked, RoomsError> {
    Ok(Locked {
        id: RoomId(row.try_get("id")?),
        kind: from_word(row.try_get("type")?)?,
        last_seq: Seq(row.try_get("last_seq")?),
        members_version: row.try_get("members_version")?,
        member_count: row.try_get("member_count")?,
    })
}

/// Takes the row of a room whose members may change.
pub(super) async fn lock_changeable(
    connection: &mut PgConnection,
    room: RoomId,
) -> Result<Locked, RoomsError> {
    lock(connection, &NameOr::Id(room)).await?.ok_or(RoomsError::NotFound)?.changeable()
}
