//! The live sockets. Rows are written with `synchronous_commit` off, set inside the statement that
//! writes: it is read at the commit, and costs no round trip of its own.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Row, query, query_scalar};

use super::Postgres;
use super::statements::{CONNECTIONS_PAGE, RECONNECT_DUE};
use super::times::{time_of, timestamp};
use crate::clock::UnixMs;
use crate::ids::{ConnectionId, RoomId, UserId};
use crate::model::{Address, Listener};
use crate::ports::{
    ConnectionLog, LoggedConnection, OpenedConnection, RECONNECT_AGAIN_MS, Registration, StoreError,
};
use crate::sql::storable;

/// Writes nothing for a user who isn't there (a token older than a restored database), nor under a token
/// that was revoked. The user's row is held: a revocation under way is waited for and then seen, and one
/// that comes later waits, and then finds this row.
const OPENED: &str = "
with current as materialized (
    select u.id, u.token_version
    from users u, (select set_config('synchronous_commit', 'off', true)) soft
    where u.id = $2::bigint and u.token_version <= $6::bigint and not u.deleted
    for share of u
),
written as (
    insert into connections (id, user_id, endpoint, device, connected_at, token_version, reconnect_at)
    select $1::text, c.id, $3::text, $4::text, $5::timestamptz, c.token_version, $7::timestamptz
    from current c
    on conflict (id) do update
    set user_id = excluded.user_id, endpoint = excluded.endpoint, device = excluded.device,
        connected_at = excluded.connected_at, token_version = excluded.token_version
    returning user_id
)
select array(select m.room_id from room_members m where m.user_id = w.user_id order by m.room_id) as rooms
from written w";

const OF_USERS: &str = "
select c.* from connections c
join users u on u.id = c.user_id
where c.user_id = any($1) and not coalesce(c.token_version < u.token_version, false)
order by c.user_id, c.connected_at, c.id";

/// A row without a version is of an older Hark: whatever was revoked since is unknown, so it counts as
/// revoked once anything was.
const OF_USER: &str = "
select c.*, coalesce(c.token_version, -1) < u.token_version as revoked
from connections c
join users u on u.id = c.user_id
where c.user_id = $1
order by c.connected_at, c.id";

const REVOKED: &str = "
select c.* from users u
join connections c on c.user_id = u.id
where u.revoked_at >= $1 and c.token_version < u.token_version
order by u.revoked_at, c.id
limit $2";

const STILL_OPEN: &str = "
select c.id from connections c
join users u on u.id = c.user_id
where c.id = any($1) and not coalesce(c.token_version < u.token_version, false)";

const TOLD: &str = "update connections set reconnect_at = null where id = any($1)";

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
    async fn opened(&self, connection: &OpenedConnection) -> Result<Option<Vec<RoomId>>, StoreError> {
        let OpenedConnection { user, address, device, token_version, reconnect_at } = connection;
        self.run(async |connection| {
            let row = query(OPENED)
                .bind(storable(&address.connection.0))
                .bind(user.0)
                .bind(storable(&address.endpoint))
                .bind(device.as_deref().map(storable))
                .bind(timestamp(address.connected_at))
                .bind(token_version)
                .bind(timestamp(*reconnect_at))
                .fetch_optional(connection)
                .await?;
            Ok(row.as_ref().map(rooms_of).transpose()?)
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

    async fn of_user(&self, user: UserId) -> Result<Vec<LoggedConnection>, StoreError> {
        self.run(async |connection| {
            let rows = query(OF_USER).bind(user.0).fetch_all(connection).await?;
            let logged = |row: &PgRow| -> Result<LoggedConnection, sqlx::Error> {
                Ok(LoggedConnection { address: listener(row)?.address, revoked: row.try_get("revoked")? })
            };
            Ok(rows.iter().map(logged).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoked(&self, since: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.run(async |connection| {
            let read = query(REVOKED).bind(timestamp(since)).bind(i64::from(limit));
            listeners(&read.fetch_all(connection).await?)
        })
        .await
    }

    async fn of_users(&self, users: &[UserId]) -> Result<Vec<Listener>, StoreError> {
        let users: Vec<i64> = users.iter().map(|user| user.0).collect();
        self.run(async |connection| listeners(&query(OF_USERS).bind(&users).fetch_all(connection).await?))
            .await
    }

    async fn page(
        &self,
        after: Option<&ConnectionId>,
        limit: u32,
    ) -> Result<Vec<(Registration, UnixMs)>, StoreError> {
        let after = after.map(|after| storable(&after.0));
        self.run(async |connection| {
            let page = query(CONNECTIONS_PAGE).bind(after.as_deref()).bind(i64::from(limit));
            page.fetch_all(connection).await?.iter().map(|row| Ok(lost(row)?)).collect()
        })
        .await
    }

    async fn still_open(&self, connections: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        let ids: Vec<&str> = connections.iter().map(|connection| connection.0.as_str()).collect();
        self.run(async |connection| {
            let found: Vec<String> = query_scalar(STILL_OPEN).bind(&ids).fetch_all(connection).await?;
            Ok(found.into_iter().map(ConnectionId).collect())
        })
        .await
    }

    async fn reconnect_due(&self, now: UnixMs, limit: u32) -> Result<Vec<Listener>, StoreError> {
        self.run(async |connection| {
            let due = query(RECONNECT_DUE)
                .bind(timestamp(now))
                .bind(timestamp(now.plus(RECONNECT_AGAIN_MS)))
                .bind(i64::from(limit));
            listeners(&due.fetch_all(connection).await?)
        })
        .await
    }

    async fn reconnect_told(&self, connections: &[ConnectionId]) -> Result<(), StoreError> {
        let ids: Vec<&str> = connections.iter().map(|connection| connection.0.as_str()).collect();
        self.run(async |connection| {
            query(TOLD).bind(&ids).execute(connection).await?;
            Ok(())
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

fn lost(row: &PgRow) -> Result<(Registration, UnixMs), sqlx::Error> {
    let Listener { user, address } = listener(row)?;
    let registration =
        Registration { user, address, device: row.try_get("device")?, rooms: rooms_of(row)?, profile: None };
    Ok((registration, time_of(row, "heard_at")?))
}

fn listener(row: &PgRow) -> Result<Listener, sqlx::Error> {
    let address = Address {
        connection: ConnectionId(row.try_get("id")?),
        endpoint: row.try_get("endpoint")?,
        connected_at: time_of(row, "connected_at")?,
    };
    Ok(Listener { user: UserId(row.try_get("user_id")?), address })
}
