//! Users who are known by a key.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use sqlx::{Row, query, query_scalar};

use super::Postgres;
use super::accounts;
use super::times::timestamp;
use crate::clock::UnixMs;
use crate::ids::UserId;
use crate::model::{Account, User, Visitor};
use crate::ports::{Arrival, StoreError, Visitors};
use crate::sql::{folded, storable, storable_json};

/// Takes the key's row, so that of two who come with it at once the second finds the first; no row: nobody came
/// with it yet.
const RETURN: &str = "
with found as (
    update visitors
    set page = coalesce($2, page), metadata = coalesce($3, metadata)
    where key_digest = $1
    returning user_id
)
update users u
set nickname = coalesce($4, u.nickname)
where u.id = (select user_id from found) and not u.deleted
returning u.id";

/// Nothing is left of it when another has just come with the key.
const ENTER: &str = "
with made as (
    insert into users (username, username_folded, nickname, role, created_at)
    values ($4, $5, $6, 'visitor', $7)
    returning id
)
insert into visitors (user_id, key_digest, page, metadata)
select id, $1, $2, $3 from made
returning user_id";

const VISITOR: &str = "
select
    u.id, u.username, u.nickname, v.page, v.metadata,
    (
        select s.staff_id from sessions s
        where s.visitor_id = u.id and s.staff_id is not null
        order by s.opened_at desc, s.id desc limit 1
    ) as last_staff
from visitors v
join users u on u.id = v.user_id
where v.user_id = $1 and not u.deleted";

#[async_trait]
impl Visitors for Postgres {
    async fn enter(&self, arrival: Arrival, now: UnixMs) -> Result<Account, StoreError> {
        self.run(async |connection| {
            if let Some(user) = back(connection, &arrival).await? {
                return accounts::by_id(connection, user).await;
            }
            match made(connection, &arrival, now).await {
                Ok(user) => accounts::by_id(connection, user).await,
                Err(error) if error.as_database_error().is_some_and(|e| e.is_unique_violation()) => {
                    let user = back(connection, &arrival).await?;
                    let user = user.ok_or_else(|| StoreError::Unavailable(error.to_string()))?;
                    accounts::by_id(connection, user).await
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn visitor(&self, user: UserId) -> Result<Option<Visitor>, StoreError> {
        self.run(async |connection| {
            let Some(row) = query(VISITOR).bind(user.0).fetch_optional(connection).await? else {
                return Ok(None);
            };
            let value =
                |name| row.try_get::<Option<Json<Value>>, _>(name).map(|json| json.map(|json| json.0));
            Ok(Some(Visitor {
                user: User {
                    id: user,
                    username: row.try_get("username")?,
                    nickname: row.try_get("nickname")?,
                },
                page: value("page")?,
                metadata: value("metadata")?,
                last_staff: row.try_get::<Option<i64>, _>("last_staff")?.map(UserId),
            }))
        })
        .await
    }

    async fn note_page(
        &self,
        user: UserId,
        page: Option<Value>,
        metadata: Option<Value>,
    ) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let noted = query(
                "update visitors set page = coalesce($2, page), metadata = coalesce($3, metadata) \
                 where user_id = $1",
            );
            let noted = noted.bind(user.0).bind(json(page.as_ref())).bind(json(metadata.as_ref()));
            Ok(noted.execute(connection).await?.rows_affected() > 0)
        })
        .await
    }
}

async fn back(connection: &mut PgConnection, arrival: &Arrival) -> Result<Option<UserId>, StoreError> {
    let found: Option<i64> = query_scalar(RETURN)
        .bind(&arrival.key_digest[..])
        .bind(json(arrival.page.as_ref()))
        .bind(json(arrival.metadata.as_ref()))
        .bind(arrival.nickname.as_deref().map(storable))
        .fetch_optional(connection)
        .await?;
    Ok(found.map(UserId))
}

async fn made(connection: &mut PgConnection, arrival: &Arrival, now: UnixMs) -> Result<UserId, sqlx::Error> {
    let nickname = arrival.nickname.as_deref().unwrap_or(&arrival.username);
    let made = query_scalar(ENTER)
        .bind(&arrival.key_digest[..])
        .bind(json(arrival.page.as_ref()))
        .bind(json(arrival.metadata.as_ref()))
        .bind(storable(&arrival.username))
        .bind(folded(&arrival.username))
        .bind(storable(nickname))
        .bind(timestamp(now));
    made.fetch_one(connection).await.map(UserId)
}

fn json(value: Option<&Value>) -> Option<Json<Value>> {
    value.map(|value| Json(storable_json(value)))
}
