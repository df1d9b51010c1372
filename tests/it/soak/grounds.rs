//! Services and a runner that nobody else uses, each of which can be killed.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::identity::Tokens;
use shared::model::Role;
use shared::ports::{Accounts, NewAccount};
use shared::postgres::{Postgres, PostgresConfig};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::is_full;
use super::node::Node;
use crate::app::config;
use crate::services::{exported, kill, run, services};

const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// One at a time: each has three servers and is about time.
static ALONE: Mutex<()> = Mutex::const_new(());

pub struct Grounds {
    pub node: Node,
    variables: Vec<(String, String)>,
    tokens: Tokens,
    state: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// Somebody with an account and a token.
pub struct User {
    pub id: i64,
    pub token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Redis,
    RabbitMq,
    Postgres,
    Node,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Redis, Self::RabbitMq, Self::Postgres, Self::Node];

    const fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
            Self::Postgres => "postgres",
            Self::Node => "node",
        }
    }
}

impl Grounds {
    pub async fn start() -> Self {
        let alone = ALONE.lock().await;
        let state = TempDir::new().unwrap();
        let mut variables = exported(&services(state.path(), &["start"]).await);
        let own = [("JWT_SECRET", JWT_SECRET), ("RATE_LIMIT_MESSAGES", "0"), ("LOG_LEVEL", "warn")];
        // Whatever is slow on a busy machine isn't away.
        let patient = [("REDIS_TIMEOUT_MS", "5000"), ("DATABASE_TIMEOUT_MS", "5000")];
        let more = if is_full() { &[][..] } else { &patient };
        let set = own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        variables.extend(set);
        let node = Node::start(state.path(), variables.clone()).await;
        Self { node, variables, tokens: Tokens::new(&config().identity), state, _alone: alone }
    }

    /// Kills it with SIGKILL, its children too.
    pub async fn kill(&mut self, part: Part) {
        if part == Part::Node {
            return self.node.kill();
        }
        kill(self.state.path(), part.name());
    }

    /// Starts what was killed, on the same port with what its disk holds; returns once it answers.
    pub async fn restart(&mut self, part: Part) {
        match part {
            Part::Node => self.node.restart().await,
            service => drop(services(self.state.path(), &["start", service.name()]).await),
        }
    }

    /// Users by the names of `prefix1`, `prefix2` ...
    pub async fn users(&self, prefix: &str, count: usize) -> Vec<User> {
        let (url, deadline) = (self.variable("DATABASE_URL"), Duration::from_secs(10));
        let store =
            Postgres::new(PostgresConfig { url: url.into(), max_connections: 1, deadline }).expect("a URL");
        let now = UnixMs(time::OffsetDateTime::now_utc().unix_timestamp() * 1_000);
        let mut users = Vec::with_capacity(count);
        for n in 1..=count {
            let account =
                store.create(new_account(&format!("{prefix}{n}")), now).await.expect("a fresh name");
            let (token, _) = self.tokens.issue(&account, now).expect("a token");
            users.push(User { id: account.user.id.0, token });
        }
        users
    }

    /// A group of these; its id.
    pub async fn group(&self, members: &[&User]) -> i64 {
        let ids: Vec<i64> = members[1..].iter().map(|member| member.id).collect();
        let body = json!({"name": "team", "type": "group", "member_ids": ids});
        let request = reqwest::Client::new().post(self.url("/api/v1/rooms")).bearer_auth(&members[0].token);
        let room: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
        room["id"].as_i64().unwrap_or_else(|| panic!("a room: {room}"))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.node.address())
    }

    /// A connection of the test's own to the database.
    pub async fn database(&self) -> PgConnection {
        PgConnection::connect(&self.variable("DATABASE_URL")).await.expect("Postgres answers")
    }

    /// The same to Redis.
    pub async fn redis(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.variable("REDIS_URL")).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("Redis answers")
    }

    fn variable(&self, name: &str) -> String {
        let found = self.variables.iter().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("{name} is exported")).1.clone()
    }
}

impl Drop for Grounds {
    fn drop(&mut self) {
        let stopped = run(self.state.path(), &["stop", "--wipe"]);
        if !stopped.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&stopped.stderr));
        }
    }
}

fn new_account(username: &str) -> NewAccount {
    NewAccount {
        username: username.to_owned(),
        nickname: username.to_owned(),
        email: None,
        password_hash: Some("$argon2id$".to_owned()),
        external: None,
        role: Role::User,
    }
}
