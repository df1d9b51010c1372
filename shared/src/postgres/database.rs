//! The database as a whole: its schema, its state, which one it is.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, query_scalar};
use uuid::Uuid;

use super::{Postgres, login};
use crate::config::Secret;
use crate::ports::{Database, StoreError};

/// How long to wait for a server that is just starting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The update changes nothing: it makes the row that is there the answer.
const KEEP_SETTING: &str = "
insert into settings (name, value) values ($1, $2)
on conflict (name) do update set name = excluded.name
returning value";

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Tells schemas apart: of every migration of this build, in their order.
#[must_use]
pub fn schema_fingerprint() -> u64 {
    let sums = MIGRATIONS.iter().flat_map(|migration| migration.checksum.iter());
    sums.fold(0, |so_far, byte| so_far.rotate_left(7) ^ u64::from(*byte))
}

impl Postgres {
    /// Connects, so that the first event doesn't wait for it.
    ///
    /// # Errors
    /// As any operation.
    pub async fn warm(&self) -> Result<(), StoreError> {
        self.run(async |_| Ok(())).await
    }

    /// Which database this is; another after a backup was restored.
    ///
    /// # Errors
    /// As any operation.
    pub async fn epoch(&self) -> Result<Uuid, StoreError> {
        self.run(epoch).await
    }
}

pub(super) async fn epoch(connection: &mut PgConnection) -> Result<Uuid, StoreError> {
    Ok(query_scalar("select id from epoch").fetch_one(connection).await?)
}

async fn patient_connection(url: Secret) -> Result<PgPool, sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIMEOUT);
    one.connect_with(login::options(&url)?).await
}

#[async_trait]
impl Database for Postgres {
    /// Runs without a deadline on a connection of its own; two at once wait for each other.
    async fn migrate(&self) -> Result<(), StoreError> {
        let connection = self.url.connect(patient_connection, login::is_refused).await?;
        let outcome = MIGRATIONS.run(&connection).await;
        connection.close().await;
        outcome.map_err(|error| StoreError::Internal(error.to_string()))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run(async |connection| Ok(connection.ping().await?)).await
    }

    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        self.run(async |connection| {
            let kept = query_scalar(KEEP_SETTING).bind(name).bind(value);
            Ok(kept.fetch_one(connection).await?)
        })
        .await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.run(async |connection| {
            let value = query_scalar("select value from settings where name = $1").bind(name);
            Ok(value.fetch_optional(connection).await?)
        })
        .await
    }
}
