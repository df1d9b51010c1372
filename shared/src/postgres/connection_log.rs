//! The live sockets. Rows are written with `synchronous_commit` off, set inside the statement that
//! writes: it is read at the commit, and costs no round trip of its own.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Row, query, query_scalar};

use super::Postgres;
use super::statements::CONNECTIONS_PAGE;
use super::times::{time_of, timestamp};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, Listener};
use crate::ports::{ConnectionLog, OpenedConnection, StoreError};
use crate::sql::storable;

/// Writes nothing for a user who isn't there (a token older than a restored database).
const OPENED: &str = "
with written as (
    insert into connections (id, user_id, endpoint, device, connected_at)
    select $1::text, u.id, $3::text, $4::text, $5::timestamptz
    from users u, (select set_config('synchronous_commit', 'off', true)) soft
    where u.id = $2::bigint
    on conflict (id) do update
    set user_id = excluded.user_id, endpoint = excluded.endpoint, device = excluded.device,
        connected_at = excluded.connected_at
)
select array(select room_id from room_members where user_id = $2 order by room_id) as rooms";

const CLOSED: &str = "
with removed as (
    delete from connections c
    using (select set_config('synchronous_commit', 'off', true)) soft
    where c.id = $1::text
    returning c.user_id
)
select r.user_id, array(select m.room_id from room_members m where m.user_id = r.user_id order by m.room_id) as rooms
from removed r";

#[async_trait]
impl ConnectionLog for Postgres {
    async fn opened(&self, connection: &OpenedConnection) -> Result<Vec<RoomId>, StoreError> {
        let OpenedConnection { user, address, device } = connection;
        self.run(async |connection| {
            let row = query(OPENED)
                .bind(storable(&address.connection.0))
                .bind(user.0)
                .bind(storable(&address.endpoint))
                .bind(device.as_deref().map(storable))
                .bind(timestamp(address.connected_at))
                .fetch_one(connection)
                .await?;
            Ok(rooms_of(&row)?)
        })
        .await
    }

    async fn closed(&self, connection: &ConnectionId) -> Result<Option<(UserId, Vec<RoomId>)>, StoreError> {
        let id = storable(&connection.0);
        self.run(async |connection| {
            let row = query(CLOSED).bind(&*id).fetch_optional(connection).await?;
            row.map(|row| Ok((UserId(row.try_get("user_id")?), rooms_of(&row)?))).transpose()
        })
        .await
    }

    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError> {
        let users: Vec<i64> = users.iter().map(|user| user.0).collect();
        self.run(async |connection| {
            let rows =
                query("select * from connections where user_id = any($1) order by user_id, connected_at, id")
                    .bind(&users)
                    .fetch_all(connection)
                    .await?;
            listeners(&rows)
        })
        .await
    }

    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(OpenedConnection, Vec<RoomId>)>, StoreError> {
        let after = after.map(|after| storable(&after.0));
        self.run(async |connection| {
            let rows = query(CONNECTIONS_PAGE)
                .bind(after.as_deref())
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await?;
            rows.iter().map(|row| Ok((opened(row)?, rooms_of(row)?))).collect()
        })
        .await
    }

    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        let ids: Vec<&str> = connections.iter().map(|connection| connection.0.as_str()).collect();
        self.run(async |connection| {
            let found: Vec<String> = query_scalar("select id from connections where id = any($1)")
                .bind(&ids)
                .fetch_all(connection)
                .await?;
            Ok(found.into_iter().map(ConnectionId).collect())
        })
        .await
    }

    async fn opened_before(&self, cutoff: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.run(async |connection| {
            let rows =
                query("select * from connections where connected_at < $1 order by connected_at, id limit $2")
                    .bind(timestamp(cutoff))
                    .bind(i64::from(limit))
                    .fetch_all(connection)
                    .await?;
            listeners(&rows)
        })
        .await
    }

    async fn of_endpoint(&self, endpoint: &str, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.run(async |connection| {
            let rows =
                query("select * from connections where endpoint = $1 order by connected_at, id limit $2")
                    .bind(storable(endpoint))
                    .bind(i64::from(limit))
                    .fetch_all(connection)
                    .await?;
            listeners(&rows)
        })
        .await
    }
}

fn rooms_of(row: &PgRow) -> Result<Vec<RoomId>, sqlx::Error> {
    let rooms: Vec<i64> = row.try_get("rooms")?;
    Ok(rooms.into_iter().map(RoomId).collect())
}

fn listeners(rows: &[PgRow]) -> Result<Vec<Listener>, StoreError> {
    rows.iter().map(|row| Ok(listener(row)?)).collect()
}

fn opened(row: &PgRow) -> Result<OpenedConnection, sqlx::Error> {
    let Listener { user, address } = listener(row)?;
    Ok(OpenedConnection { user, address, device: row.try_get("device")? })
}

fn listener(row: &PgRow) -> Result<Listener, sqlx::Error> {
    let address = Address {
        connection: ConnectionId(row.try_get("id")?),
        endpoint: row.try_get("endpoint")?,
        connected_at: time_of(row, "connected_at")?,
    };
    Ok(Listener { user: UserId(row.try_get("user_id")?), address })
}
