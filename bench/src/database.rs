//! A database of a run's own.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use shared::ports::Database as _;
use shared::postgres::{Postgres, PostgresConfig};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use uuid::Uuid;

/// A migrated database beside the one of `DATABASE_URL`.
pub(crate) struct Database {
    pub(crate) url: String,
    server: PgConnectOptions,
    name: String,
}

impl Database {
    /// Makes one, `bench_<purpose>_` and something random.
    ///
    /// # Errors
    /// `DATABASE_URL` isn't set, or its server refuses.
    pub(crate) async fn create(purpose: &str) -> anyhow::Result<Self> {
        let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
        let name = format!("bench_{purpose}_{}", Uuid::new_v4().simple());
        let (base, query) = server.split_once('?').map_or((server.as_str(), None), |(b, q)| (b, Some(q)));
        let (host, _) = base.rsplit_once('/').context("DATABASE_URL names no database")?;
        let url = format!("{host}/{name}{}", query.map(|query| format!("?{query}")).unwrap_or_default());
        let database = Self { url, server: PgConnectOptions::from_str(&server)?, name };
        database.on_server(&format!("create database {}", database.name)).await?;
        let config = PostgresConfig {
            url: database.url.clone().into(),
            max_connections: 1,
            deadline: Duration::from_secs(5),
        };
        if let Err(error) = Postgres::new(config)?.migrate().await {
            database.drop().await?;
            return Err(error.into());
        }
        Ok(database)
    }

    /// With whoever is still connected to it.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn drop(&self) -> anyhow::Result<()> {
        self.on_server(&format!("drop database {} with (force)", self.name)).await
    }

    /// # Errors
    /// The server is away.
    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnectOptions::from_str(&self.url)?.disable_statement_logging().connect().await?)
    }

    async fn on_server(&self, statement: &str) -> anyhow::Result<()> {
        let mut connection = self.server.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
        Ok(())
    }
}
