//! The devices that take pushes.

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Row, query, query_scalar};
use time::OffsetDateTime;

use super::Postgres;
use super::times::{time_of, timestamp, unix_ms};
use crate::clock::UnixMs;
use crate::ids::{PushSubscriptionId, UserId};
use crate::ports::{NewSubscription, PushSubscription, PushSubscriptions, StoreError, SubscriptionsError};
use crate::push::{AuthSecret, DeviceKey};
use crate::sql::storable;

/// The row of the user is the lock under which their devices are counted.
const LOCK: &str = "select token_version from users where id = $1 and not deleted for no key update";

/// Those that a revocation ended give way to new ones.
const CLEAR: &str = "delete from push_subscriptions where user_id = $1 and token_version <> $2";

const COUNT: &str = "select count(*) from push_subscriptions where user_id = $1 and endpoint <> $2";

const SUBSCRIBE: &str = "
insert into push_subscriptions
    (user_id, token_version, endpoint, p256dh, auth, device, expires_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (endpoint) do update
set user_id = excluded.user_id, token_version = excluded.token_version, p256dh = excluded.p256dh,
    auth = excluded.auth, device = excluded.device, expires_at = excluded.expires_at
returning *";

const LIST: &str = "
select s.*
from push_subscriptions s
join users u on u.id = s.user_id and u.token_version = s.token_version
where s.user_id = $1 and (s.expires_at is null or s.expires_at > $2)
order by s.id";

#[async_trait]
impl PushSubscriptions for Postgres {
    async fn subscribe(
        &self,
        user: UserId,
        new: &NewSubscription,
        max: u32,
        now: UnixMs,
    ) -> Result<PushSubscription, SubscriptionsError> {
        self.transact(async |connection| subscribe(connection, user, new, max, now).await).await
    }

    async fn subscriptions(&self, user: UserId, now: UnixMs) -> Result<Vec<PushSubscription>, StoreError> {
        self.run(async |connection| {
            let rows = query(LIST).bind(user.0).bind(timestamp(now)).fetch_all(connection).await?;
            rows.iter().map(subscription).collect()
        })
        .await
    }

    async fn unsubscribe(&self, user: UserId, subscription: PushSubscriptionId) -> Result<bool, StoreError> {
        self.run(async |connection| {
            let gone = query("delete from push_subscriptions where id = $1 and user_id = $2")
                .bind(subscription.0)
                .bind(user.0)
                .execute(connection)
                .await?;
            Ok(gone.rows_affected() > 0)
        })
        .await
    }
}

async fn subscribe(
    connection: &mut PgConnection,
    user: UserId,
    new: &NewSubscription,
    max: u32,
    now: UnixMs,
) -> Result<PushSubscription, SubscriptionsError> {
    let version = query_scalar(LOCK).bind(user.0).fetch_optional(&mut *connection).await?;
    let version: i64 = version.ok_or(SubscriptionsError::NoUser)?;
    query(CLEAR).bind(user.0).bind(version).execute(&mut *connection).await?;
    let endpoint = storable(&new.endpoint);
    let others: i64 = query_scalar(COUNT).bind(user.0).bind(&endpoint).fetch_one(&mut *connection).await?;
    if others >= i64::from(max) {
        return Err(SubscriptionsError::Full(max));
    }
    let row = query(SUBSCRIBE)
        .bind(user.0)
        .bind(version)
        .bind(&endpoint)
        .bind(new.key.to_text())
        .bind(new.auth.to_text())
        .bind(new.device.as_deref().map(storable))
        .bind(new.expires_at.map(timestamp))
        .bind(timestamp(now))
        .fetch_one(connection)
        .await?;
    Ok(subscription(&row)?)
}

fn subscription(row: &PgRow) -> Result<PushSubscription, StoreError> {
    let key: String = row.try_get("p256dh")?;
    let auth: String = row.try_get("auth")?;
    Ok(PushSubscription {
        id: PushSubscriptionId(row.try_get("id")?),
        endpoint: row.try_get("endpoint")?,
        key: DeviceKey::parse(&key).map_err(StoreError::Internal)?,
        auth: AuthSecret::parse(&auth).map_err(StoreError::Internal)?,
        expires_at: row.try_get::<Option<OffsetDateTime>, _>("expires_at")?.map(unix_ms),
        device: row.try_get("device")?,
        created_at: time_of(row, "created_at")?,
    })
}
