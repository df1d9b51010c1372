//! Users who are known by a key.

use async_trait::async_trait;
use serde_json::Value;
use shared::clock::UnixMs;
use shared::ids::UserId;
use shared::model::{Account, User, Visitor};
use shared::ports::{Arrival, StoreError, Visitors};
use shared::sql::{folded, storable, storable_json};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, query, query_scalar};

use super::{Sqlite, accounts};

const KNOWN: &str = "
update visitors
set page = coalesce(?2, page), metadata = coalesce(?3, metadata)
where key_digest = ?1
returning user_id";

const MAKE: &str = "
insert into users (username, username_folded, nickname, role, created_at)
values (?1, ?2, ?3, 'visitor', ?4)
returning id";

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
where v.user_id = ?1 and not u.deleted";

#[async_trait]
impl Visitors for Sqlite {
    async fn enter(&self, arrival: Arrival, now: UnixMs) -> Result<Account, StoreError> {
        self.transact(async |connection| {
            let user = match back(connection, &arrival).await? {
                Some(user) => user,
                None => made(connection, &arrival, now).await?,
            };
            accounts::by_id(connection, user).await
        })
        .await
    }

    async fn visitor(&self, user: UserId) -> Result<Option<Visitor>, StoreError> {
        let row = query(VISITOR).bind(user.0).fetch_optional(&self.readers).await?;
        row.as_ref().map(visitor).transpose()
    }

    async fn note_page(
        &self,
        user: UserId,
        page: Option<Value>,
        metadata: Option<Value>,
    ) -> Result<bool, StoreError> {
        let noted = query(
            "update visitors set page = coalesce(?2, page), metadata = coalesce(?3, metadata) \
             where user_id = ?1",
        );
        let noted = noted.bind(user.0).bind(json(page.as_ref())).bind(json(metadata.as_ref()));
        Ok(noted.execute(&self.writer).await?.rows_affected() > 0)
    }
}

/// Whoever came with this key before.
async fn back(connection: &mut SqliteConnection, arrival: &Arrival) -> Result<Option<UserId>, StoreError> {
    let known: Option<i64> = query_scalar(KNOWN)
        .bind(&arrival.key_digest[..])
        .bind(json(arrival.page.as_ref()))
        .bind(json(arrival.metadata.as_ref()))
        .fetch_optional(&mut *connection)
        .await?;
    if let (Some(user), Some(nickname)) = (known, &arrival.nickname) {
        let rename =
            query("update users set nickname = ?2 where id = ?1").bind(user).bind(storable(nickname));
        rename.execute(connection).await?;
    }
    Ok(known.map(UserId))
}

async fn made(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    now: UnixMs,
) -> Result<UserId, StoreError> {
    let user: i64 = query_scalar(MAKE)
        .bind(storable(&arrival.username))
        .bind(folded(&arrival.username))
        .bind(storable(arrival.nickname.as_deref().unwrap_or(&arrival.username)))
        .bind(now.0)
        .fetch_one(&mut *connection)
        .await?;
    query("insert into visitors (user_id, key_digest, page, metadata) values (?1, ?2, ?3, ?4)")
        .bind(user)
        .bind(&arrival.key_digest[..])
        .bind(json(arrival.page.as_ref()))
        .bind(json(arrival.metadata.as_ref()))
        .execute(connection)
        .await?;
    Ok(UserId(user))
}

fn visitor(row: &SqliteRow) -> Result<Visitor, StoreError> {
    let value = |name| -> Result<Option<Value>, StoreError> {
        let text: Option<String> = row.try_get(name)?;
        let value = text.map(|text| serde_json::from_str(&text)).transpose();
        value.map_err(|error| StoreError::Internal(error.to_string()))
    };
    let user = User {
        id: UserId(row.try_get("id")?),
        username: row.try_get("username")?,
        nickname: row.try_get("nickname")?,
    };
    let last_staff = row.try_get::<Option<i64>, _>("last_staff")?.map(UserId);
    Ok(Visitor { user, page: value("page")?, metadata: value("metadata")?, last_staff })
}

fn json(value: Option<&Value>) -> Option<String> {
    value.map(|value| storable_json(value).to_string())
}
