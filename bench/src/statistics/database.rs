use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use shared::ports::Database as _;
use shared::postgres::{Postgres, PostgresConfig};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use uuid::Uuid;

const FILL: &str = include_str!("fill.sql");

/// A migrated database beside the one of `DATABASE_URL`.
pub(super) struct Database {
    pub(super) url: String,
    server: PgConnectOptions,
    name: String,
}

impl Database {
    pub(super) async fn create() -> anyhow::Result<Self> {
        let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
        let name = format!("bench_statistics_{}", Uuid::new_v4().simple());
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

    pub(super) async fn drop(&self) -> anyhow::Result<()> {
        self.on_server(&format!("drop database {} with (force)", self.name)).await
    }

    pub(super) async fn fill(&self, messages: u32, sessions: u32) -> anyhow::Result<()> {
        let script = FILL.replace(":messages", &messages.to_string());
        let script = script.replace(":sessions", &sessions.to_string());
        let mut connection = self.connect().await?;
        for statement in script.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            let statement = AssertSqlSafe(statement.to_owned());
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        Ok(())
    }

    /// The tables that a statement's plan reads, each once.
    pub(super) async fn tables_read(
        &self,
        statement: &str,
        parameters: usize,
    ) -> anyhow::Result<Vec<String>> {
        let mut connection = self.connect().await?;
        let prepare = format!("set plan_cache_mode = force_generic_plan; prepare planned as {statement}");
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await?;
        let nulls = vec!["null"; parameters].join(", ");
        let explain = AssertSqlSafe(format!("explain (format json) execute planned({nulls})"));
        let plan: Value = sqlx::query_scalar(explain).fetch_one(&mut connection).await?;
        let mut tables = Vec::new();
        collect(&plan, &mut tables);
        tables.sort();
        tables.dedup();
        Ok(tables)
    }

    async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnectOptions::from_str(&self.url)?.disable_statement_logging().connect().await?)
    }

    async fn on_server(&self, statement: &str) -> anyhow::Result<()> {
        let mut connection = self.server.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
        Ok(())
    }
}

fn collect(plan: &Value, tables: &mut Vec<String>) {
    match plan {
        Value::Object(node) => {
            tables.extend(node.get("Relation Name").and_then(Value::as_str).map(str::to_owned));
            node.values().for_each(|value| collect(value, tables));
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, tables)),
        _ => {}
    }
}
