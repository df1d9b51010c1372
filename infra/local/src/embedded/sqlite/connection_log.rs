//! The live sockets.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::Listener;
use shared::ports::{ConnectionLog, OpenedConnection, Rooms, StoreError};
use shared::sql::storable;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, json_list, rows};

/// Writes nothing for a user who isn't there (a token older than the file).
const OPENED: &str = "
insert into connections (id, user_id, endpoint, device, connected_at)
select ?1, u.id, ?3, ?4, ?5 from users u where u.id = ?2
on conflict (id) do update
set user_id = excluded.user_id, endpoint = excluded.endpoint, device = excluded.device,
    connected_at = excluded.connected_at";

const PAGE: &str = "
select c.*, (
    select json_group_array(m.room_id) from (
        select room_id from room_members where user_id = c.user_id order by room_id
    ) m
) as rooms
from connections c
where c.id > coalesce(?1, '')
order by c.id
limit ?2";

#[async_trait]
impl ConnectionLog for Sqlite {
    async fn opened(&self, connection: &OpenedConnection) -> Result<Vec<RoomId>, StoreError> {
        let OpenedConnection { user, address, device } = connection;
        query(OPENED)
            .bind(storable(&address.connection.0))
            .bind(user.0)
            .bind(storable(&address.endpoint))
            .bind(device.as_deref().map(storable))
            .bind(address.connected_at.0)
            .execute(&self.writer)
            .await?;
        self.rooms_of(*user).await
    }

    async fn closed(&self, connection: &ConnectionId) -> Result<Option<(UserId, Vec<RoomId>)>, StoreError> {
        let user: Option<i64> = query_scalar("delete from connections where id = ?1 returning user_id")
            .bind(storable(&connection.0))
            .fetch_optional(&self.writer)
            .await?;
        match user.map(UserId) {
            Some(user) => Ok(Some((user, self.rooms_of(user).await?))),
            None => Ok(None),
        }
    }

    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError> {
        let rows = query(
            "select * from connections where user_id in (select value from json_each(?1)) \
             order by user_id, connected_at, id",
        )
        .bind(json_list(users.iter().map(|user| user.0)))
        .fetch_all(&self.readers)
        .await?;
        listeners(&rows)
    }

    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(OpenedConnection, Vec<RoomId>)>, StoreError> {
        let rows = query(PAGE)
            .bind(after.map(|after| storable(&after.0)))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(opened_in_rooms).collect()
    }

    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        let ids = serde_json::Value::from_iter(connections.iter().map(|connection| connection.0.as_str()));
        let found: Vec<String> =
            query_scalar("select id from connections where id in (select value from json_each(?1))")
                .bind(ids.to_string())
                .fetch_all(&self.readers)
                .await?;
        Ok(found.into_iter().map(ConnectionId).collect())
    }

    async fn opened_before(&self, cutoff: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        let rows =
            query("select * from connections where connected_at < ?1 order by connected_at, id limit ?2")
                .bind(cutoff.0)
                .bind(i64::from(limit))
                .fetch_all(&self.readers)
                .await?;
        listeners(&rows)
    }

    async fn of_endpoint(&self, endpoint: &str, limit: u32) -> Result<Vec<Listener>, StoreError> {
        let rows = query("select * from connections where endpoint = ?1 order by connected_at, id limit ?2")
            .bind(storable(endpoint))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        listeners(&rows)
    }
}

fn opened_in_rooms(row: &SqliteRow) -> Result<(OpenedConnection, Vec<RoomId>), StoreError> {
    let Listener { user, address } = rows::listener(row)?;
    let rooms: String = row.try_get("rooms")?;
    let rooms = serde_json::from_str(&rooms).map_err(|error| StoreError::Internal(error.to_string()))?;
    Ok((OpenedConnection { user, address, device: row.try_get("device")? }, rooms))
}

fn listeners(rows: &[SqliteRow]) -> Result<Vec<Listener>, StoreError> {
    rows.iter().map(rows::listener).collect()
}
