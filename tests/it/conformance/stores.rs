//! A store of every port on a database of its own, gone when the case ends, however it ends.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use local::embedded::sqlite::Sqlite;
use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, MessageId, NameOr, RoomId, UserId};
use shared::model::{Page, Role, Room, RoomType};
use shared::ports::{
    Accounts, Appended, ConnectionLog, Database, Messages, NewAccount, NewMessage, NewRoom, Outbox, Rooms,
};
use shared::postgres::{Postgres, PostgresConfig};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// When everything happens unless a case says otherwise.
pub(crate) const NOW: UnixMs = UnixMs(1_800_000_000_000);
/// No limit that a case would meet by accident.
pub(crate) const ROOMY: u32 = 1_000;
pub(crate) const FIRST_PAGE: Page = Page { number: 1, size: 20 };

/// Of the advisory lock under which the template is made.
const TEMPLATE_LOCK: i64 = 0x4861_726b;

/// How many databases are in use at once: each takes a dozen of the server's 100 connections.
static SLOTS: Semaphore = Semaphore::const_new(4);

pub(crate) struct Stores {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) rooms: Arc<dyn Rooms>,
    pub(crate) messages: Arc<dyn Messages>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) connections: Arc<dyn ConnectionLog>,
    raw: Raw,
    clock: AtomicI64,
}

/// The database behind the ports, for what no port writes yet.
enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(PgConnectOptions),
}

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
        let outcome = run(case, Stores::of(postgres(url, Duration::from_secs(20)), Raw::Postgres(options)));
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
    Postgres::new(PostgresConfig { url: url.to_owned(), max_connections: 12, deadline }).expect("a URL")
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
    execute(&options, &format!("drop database {name} with (force)")).await;
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

async fn execute(options: &PgConnectOptions, statement: &str) {
    let mut connection = options.connect().await.expect("connect");
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect(statement);
    connection.close().await.expect("close");
}

impl Stores {
    fn of<S>(store: S, raw: Raw) -> Self
    where
        S: Accounts + Rooms + Messages + Outbox + ConnectionLog + 'static,
    {
        let store = Arc::new(store);
        Self {
            accounts: Arc::clone(&store) as _,
            rooms: Arc::clone(&store) as _,
            messages: Arc::clone(&store) as _,
            outbox: Arc::clone(&store) as _,
            connections: store,
            raw,
            clock: AtomicI64::new(NOW.0),
        }
    }

    /// A moment later than every one before.
    pub(crate) fn tick(&self) -> UnixMs {
        UnixMs(self.clock.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) async fn user(&self, name: &str) -> UserId {
        self.accounts.create(account(name), NOW).await.expect("register").user.id
    }

    /// `count` users by the names of `u1`, `u2` ...
    pub(crate) async fn users(&self, count: usize) -> Vec<UserId> {
        let mut users = Vec::with_capacity(count);
        for n in 1..=count {
            users.push(self.user(&format!("u{n}")).await);
        }
        users
    }

    pub(crate) async fn group(&self, creator: UserId, members: &[UserId]) -> RoomId {
        let room = self.rooms.create(new_room(RoomType::Group, "team", creator, members), ROOMY, NOW).await;
        room.expect("create").id
    }

    pub(crate) async fn public(&self, name: &str, creator: UserId) -> RoomId {
        let room = self.rooms.create(new_room(RoomType::Public, name, creator, &[]), ROOMY, NOW).await;
        room.expect("create").id
    }

    pub(crate) async fn room(&self, room: RoomId) -> Room {
        self.rooms.find(&NameOr::Id(room)).await.expect("find").expect("the room")
    }

    /// Stores a message whose client id and content are `text`.
    pub(crate) async fn say(&self, room: RoomId, sender: UserId, text: &str) -> Appended {
        let new = NewMessage { now: self.tick(), ..message(room, sender, text) };
        self.messages.append(&new).await.expect("append")
    }

    pub(crate) async fn unread(&self, room: RoomId, viewer: UserId) -> i64 {
        self.rooms.summary(room, viewer).await.expect("summary").expect("the room").unread_count
    }

    pub(crate) async fn ban(&self, user: UserId, room: Option<RoomId>, until: UnixMs) {
        let room = room.map(|room| room.0);
        match &self.raw {
            Raw::Sqlite(pool) => {
                sqlx::query("insert into bans (user_id, room_id, until, created_at) values (?1, ?2, ?3, 0)")
                    .bind(user.0)
                    .bind(room)
                    .bind(until.0)
                    .execute(pool)
                    .await
                    .expect("ban");
            }
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::query(
                    "insert into bans (user_id, room_id, until, created_at) \
                     values ($1, $2, to_timestamp($3 / 1000.0), now())",
                )
                .bind(user.0)
                .bind(room)
                .bind(until.0)
                .execute(&mut connection)
                .await
                .expect("ban");
            }
        }
    }

    /// How many rows a table holds.
    pub(crate) async fn rows_in(&self, table: &str) -> i64 {
        let statement = AssertSqlSafe(format!("select count(*) from {table}"));
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(statement).fetch_one(pool).await.expect("count"),
            Raw::Postgres(options) => {
                let mut connection = options.connect().await.expect("connect");
                sqlx::query_scalar(statement).fetch_one(&mut connection).await.expect("count")
            }
        }
    }
}

pub(crate) fn account(username: &str) -> NewAccount {
    NewAccount {
        username: username.to_owned(),
        nickname: username.to_uppercase(),
        email: None,
        password_hash: "$argon2id$".to_owned(),
        role: Role::User,
    }
}

pub(crate) fn new_room(kind: RoomType, name: &str, creator: UserId, members: &[UserId]) -> NewRoom {
    NewRoom {
        kind,
        name: name.to_owned(),
        description: String::new(),
        history_before_joining: true,
        creator,
        members: members.to_vec(),
    }
}

pub(crate) fn message(room: RoomId, sender: UserId, text: &str) -> NewMessage {
    let mut digest = [0; 32];
    for (at, byte) in text.bytes().enumerate() {
        digest[at % 32] ^= byte;
    }
    NewMessage {
        id: MessageId::fresh(),
        room,
        sender,
        client_id: ClientMessageId::parse(text).expect("a client id"),
        digest,
        kind: "text".to_owned(),
        content: text.to_owned(),
        reply_to: None,
        metadata: None,
        now: NOW,
    }
}
