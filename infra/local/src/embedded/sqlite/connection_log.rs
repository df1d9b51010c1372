//! The live sockets.

use async_trait::async_trait;
use shared::clock::UnixMs;
use shared::ids::{ConnectionId, RoomId, UserId};
use shared::model::Listener;
use shared::ports::{
    ConnectionLog, LoggedConnection, OpenedConnection, RECONNECT_AGAIN_MS, Registration, Rooms, StoreError,
};
use shared::sql::storable;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, json_list, rows};

/// Writes nothing for a user who isn't there (a token older than the file), nor under a token that was
/// revoked: revocations are written over the same connection, so one comes wholly before or after.
const OPENED: &str = "
insert into connections (id, user_id, endpoint, device, connected_at, token_version, reconnect_at)
select ?1, u.id, ?3, ?4, ?5, u.token_version, ?7
from users u where u.id = ?2 and u.token_version <= ?6 and not u.deleted
on conflict (id) do update
set user_id = excluded.user_id, endpoint = excluded.endpoint, device = excluded.device,
    connected_at = excluded.connected_at, token_version = excluded.token_version";

const OF_USERS: &str = "
select c.* from connections c
join users u on u.id = c.user_id
where c.user_id in (select value from json_each(?1))
  and not coalesce(c.token_version < u.token_version, false)
order by c.user_id, c.connected_at, c.id";

const OF_USER: &str = "
select c.*, coalesce(c.token_version, -1) < u.token_version as revoked
from connections c
join users u on u.id = c.user_id
where c.user_id = ?1
order by c.connected_at, c.id";

const REVOKED: &str = "
select c.* from users u
join connections c on c.user_id = u.id
where u.revoked_at >= ?1 and c.token_version < u.token_version
order by u.revoked_at, c.id
limit ?2";

const PAGE: &str = "
select c.*, max(c.connected_at, coalesce(u.heard_at, 0)) as heard_at, (
    select json_group_array(m.room_id) from (
        select room_id from room_members where user_id = c.user_id order by room_id
    ) m
) as rooms
from connections c
join users u on u.id = c.user_id
where c.id > coalesce(?1, '') and not coalesce(c.token_version < u.token_version, false)
order by c.id
limit ?2";

const STILL_OPEN: &str = "
select c.id from connections c
join users u on u.id = c.user_id
where c.id in (select value from json_each(?1)) and not coalesce(c.token_version < u.token_version, false)";

const RECONNECT_DUE: &str = "
update connections set reconnect_at = ?2
where id in (
    select id from connections where reconnect_at <= ?1 order by reconnect_at, id limit ?3
)
returning *";

#[async_trait]
impl ConnectionLog for Sqlite {
    async fn opened(&self, connection: &OpenedConnection) -> Result<Option<Vec<RoomId>>, StoreError> {
        let OpenedConnection { user, address, device, token_version, reconnect_at } = connection;
        let written = query(OPENED)
            .bind(storable(&address.connection.0))
            .bind(user.0)
            .bind(storable(&address.endpoint))
            .bind(device.as_deref().map(storable))
            .bind(address.connected_at.0)
            .bind(token_version)
            .bind(reconnect_at.0)
            .execute(&self.writer)
            .await?;
        if written.rows_affected() == 0 { Ok(None) } else { self.rooms_of(*user).await.map(Some) }
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
        let users = json_list(users.iter().map(|user| user.0));
        listeners(&query(OF_USERS).bind(users).fetch_all(&self.readers).await?)
    }

    async fn of_user(&self, user: UserId) -> Result<Vec<LoggedConnection>, StoreError> {
        let rows = query(OF_USER).bind(user.0).fetch_all(&self.readers).await?;
        let logged = |row: &SqliteRow| -> Result<LoggedConnection, StoreError> {
            Ok(LoggedConnection { address: rows::listener(row)?.address, revoked: row.try_get("revoked")? })
        };
        rows.iter().map(logged).collect()
    }

    async fn revoked(&self, since: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        let read = query(REVOKED).bind(since.0).bind(i64::from(limit));
        listeners(&read.fetch_all(&self.readers).await?)
    }

    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(Registration, UnixMs)>, StoreError> {
        let rows = query(PAGE)
            .bind(after.map(|after| storable(&after.0)))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(lost).collect()
    }

    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        let ids = serde_json::Value::from_iter(connections.iter().map(|connection| connection.0.as_str()));
        let found: Vec<String> =
            query_scalar(STILL_OPEN).bind(ids.to_string()).fetch_all(&self.readers).await?;
        Ok(found.into_iter().map(ConnectionId).collect())
    }

    async fn reconnect_due(&self, now: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        let due =
            query(RECONNECT_DUE).bind(now.0).bind(now.plus(RECONNECT_AGAIN_MS).0).bind(i64::from(limit));
        listeners(&due.fetch_all(&self.writer).await?)
    }

    async fn reconnect_told(&self, connections: &[ConnectionId]) -> Result<(), StoreError> {
        let ids = connections.iter().map(|connection| connection.0.as_str());
        query("update connections set reconnect_at = null where id in (select value from json_each(?1))")
            .bind(serde_json::Value::from_iter(ids).to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
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

fn lost(row: &SqliteRow) -> Result<(Registration, UnixMs), StoreError> {
    let Listener { user, address } = rows::listener(row)?;
    let rooms: String = row.try_get("rooms")?;
    let rooms = serde_json::from_str(&rooms).map_err(|error| StoreError::Internal(error.to_string()))?;
    let registration = Registration { user, address, device: row.try_get("device")?, rooms, profile: None };
    Ok((registration, UnixMs(row.try_get("heard_at")?)))
}

fn listeners(rows: &[SqliteRow]) -> Result<Vec<Listener>, StoreError> {
    rows.iter().map(rows::listener).collect()
}
