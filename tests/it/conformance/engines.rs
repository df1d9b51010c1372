//! A database of its own for every case, gone when the case ends, however it ends.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::str::FromStr;
use std::time::Duration;

use futures::FutureExt;
use local::embedded::sqlite::Sqlite;
use shared::ports::Database;
use shared::postgres::{Postgres, PostgresConfig};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::stores::{Raw, Stores};

/// Of the advisory lock under which the template is made.
const TEMPLATE_LOCK: i64 = 0x4861_726b;
/// What Postgres calls a database that somebody is still connected to.
const IN_USE: &str = "55006";
const DROP_TRIES: u32 = 6;

/// How many databases are in use at once: each takes a dozen of the server's 100 connections.
static SLOTS: Semaphore = Semaphore::const_new(4);

pub(crate) async fn on_sqlite(case: impl AsyncFn(&Stores)) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hark.db");
    let store = Sqlite::open(&file).await.expect("open");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).foreign_keys(true);
    let raw = Raw::Sqlite(sqlx::SqlitePool::connect_lazy_with(options));
    run(case, Stores::of(store, raw)).await.unwrap_or_else(|panic| resume_unwind(panic));
}

pub(crate) async fn on_postgres(case: impl AsyncFn(&Stores)) {
    with_database(async |url| {
        let options = PgConnectOptions::from_str(url).expect("a URL");
        let outcome =
            run(case, Stores::of(postgres(url, Duration::from_secs(20)), Raw::Postgres(Box::new(options))));
        outcome.await.unwrap_or_else(|panic| resume_unwind(panic));
    })
    .await;
}

type Panic = Box<dyn std::any::Any + Send>;

async fn run(case: impl AsyncFn(&Stores), stores: Stores) -> Result<(), Panic> {
    AssertUnwindSafe(case(&stores)).catch_unwind().await
}

/// A store with connections for a dozen racers; the deadline leaves room for a busy machine.
pub(crate) fn postgres(url: &str, deadline: Duration) -> Postgres {
    Postgres::new(PostgresConfig { url: url.to_owned().into(), max_connections: 12, deadline })
        .expect("a URL")
}

/// Runs `work` with the URL of a migrated database of its own, and drops that at the end.
pub(crate) async fn with_database(work: impl AsyncFnOnce(&str)) {
    let _slot = SLOTS.acquire().await.expect("never closed");
    let server = std::env::var("DATABASE_URL")
        .expect("DATABASE_URL is missing: run `make test`, which starts the services");
    let options = PgConnectOptions::from_str(&server).expect("DATABASE_URL").disable_statement_logging();
    let template = template(&server, &options).await;
    let name = format!("hark_test_{}", Uuid::now_v7().simple());
    execute(&options, &format!("create database {name} template {template}")).await;
    let outcome = AssertUnwindSafe(work(&with_name(&server, &name))).catch_unwind().await;
    drop_database(&options, &name).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

fn with_name(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(b, q)| (b, format!("?{q}")));
    let (server, _) = base.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{database}{query}")
}

/// The migrated database that the others are copied from, made once and kept. Its name follows the
/// migrations, so that a changed schema never meets an old template.
async fn template(server: &str, options: &PgConnectOptions) -> String {
    let name = format!("hark_template_{:016x}", shared::postgres::schema_fingerprint());
    let mut connection = options.connect().await.expect("connect to DATABASE_URL");
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut connection)
        .await
        .expect("lock");
    let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .expect("look for the template");
    if !known {
        make_template(server, &mut connection, &name).await;
    }
    connection.close().await.expect("close, which unlocks");
    name
}

/// Under another name until it is migrated: a template half made must not be taken for one.
async fn make_template(server: &str, connection: &mut PgConnection, name: &str) {
    let draft = format!("{name}_draft");
    for statement in [format!("drop database if exists {draft}"), format!("create database {draft}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await.expect("make the template");
    }
    postgres(&with_name(server, &draft), Duration::from_secs(20)).migrate().await.expect("migrate");
    let rename = AssertSqlSafe(format!("alter database {draft} rename to {name}"));
    sqlx::raw_sql(rename).execute(connection).await.expect("rename the template");
}

/// Postgres ends the sessions that are left, and waits five seconds for them: on a busy machine they may take longer.
async fn drop_database(options: &PgConnectOptions, name: &str) {
    let mut connection = options.connect().await.expect("connect");
    let statement = format!("drop database {name} with (force)");
    let mut tries = 0;
    while let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await {
        let code = error.as_database_error().and_then(|error| error.code());
        tries += 1;
        assert!(code.as_deref() == Some(IN_USE) && tries < DROP_TRIES, "{statement}: {error:?}");
    }
    connection.close().await.expect("close");
}

async fn execute(options: &PgConnectOptions, statement: &str) {
    let mut connection = options.connect().await.expect("connect");
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect(statement);
    connection.close().await.expect("close");
}
