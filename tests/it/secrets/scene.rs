//! Somebody who talks through a function that has its settings from a secret, and the logins that stand in it.

use std::collections::HashMap;
use std::time::Duration;

use lapin::uri::AMQPUri;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::manager::Manager;
use crate::broker::evaluate;
use crate::hark::World;
use crate::thaw::{Sender, all_variables, app};

/// The secret of every case.
pub const ID: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hark/connections-a1b2c3";
pub const JWT_SECRET: &str = "k1:the-signing-key-of-every-case-of-secrets";
/// What logs are searched for.
pub const FIRST: &str = "hunter-the-first";
pub const SECOND: &str = "hunter-the-second";

pub struct Scene<'a> {
    pub world: &'a World,
    pub manager: Manager,
    urls: HashMap<&'static str, String>,
}

impl<'a> Scene<'a> {
    pub async fn new(world: &'a World) -> Self {
        let services = world.services();
        let urls = [
            ("DATABASE_URL", &services.database_url),
            ("REDIS_URL", &services.redis.url),
            ("RABBITMQ_URL", &services.vhost.url),
        ];
        let urls = urls.map(|(key, url)| (key, url.clone())).into();
        Self { world, manager: Manager::start().await, urls }
    }

    /// Puts the URL into the secret, beside what else is there.
    pub async fn put(&mut self, key: &'static str, url: impl Into<String>) {
        self.urls.insert(key, url.into());
        let settings = self.urls.iter().map(|(key, url)| (*key, url.as_str()));
        self.manager.put(ID, &settings.chain([("JWT_SECRET", JWT_SECRET)]).collect::<Vec<_>>()).await;
    }

    /// Somebody whose function has the secret, and `more`.
    pub async fn sender(&self, more: &[(&str, &str)]) -> Sender {
        let app = app(&all_variables(self.world, &[])).await;
        Sender::start(self.world, &app, &self.manager.variables(ID, more), 0).await
    }

    /// What the sender's function logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.world.folder().join("message-0.log")).expect("it logs")
    }
}

/// The URL with another user and password.
pub fn with_login(url: &str, user: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{user}:{password}@{place}")
}

/// A user of Postgres; removed on [`Role::remove`].
pub struct Role {
    name: String,
    admin: PgConnection,
}

impl Role {
    pub async fn create(world: &World) -> Self {
        let admin = PgConnection::connect(&world.services().database_url).await.expect("Postgres answers");
        let name = format!("hark_{}", uuid::Uuid::now_v7().simple());
        let mut role = Self { name, admin };
        role.run(&format!("create role {} superuser login password '{FIRST}'", role.name)).await;
        role
    }

    pub fn url(&self, world: &World, password: &str) -> String {
        with_login(&world.services().database_url, &self.name, password)
    }

    /// Gives it the second password and ends its sessions.
    pub async fn change(&mut self) {
        self.run(&format!("alter role {} password '{SECOND}'", self.name)).await;
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1";
        let ended: Vec<bool> =
            sqlx::query_scalar(end).bind(&self.name).fetch_all(&mut self.admin).await.expect("they end");
        assert!(!ended.is_empty(), "the function was logged in");
        // Used within the last second, a connection is trusted as it is, and one that was ended fails its statement.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    pub async fn remove(mut self) {
        self.run(&format!("drop role {}", self.name)).await;
    }

    async fn run(&mut self, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut self.admin).await.expect("it runs");
    }
}

/// A user of RabbitMQ who may do everything on the world's virtual host; removed on drop.
pub struct BrokerUser {
    pub name: String,
    pub url: String,
}

impl BrokerUser {
    pub fn create(world: &World) -> Self {
        let vhost = &world.services().vhost;
        let name = format!("{}-user", vhost.name);
        evaluate(&format!(
            "ok = rabbit_auth_backend_internal:add_user(<<\"{name}\">>, <<\"{FIRST}\">>, <<\"test\">>), \
             ok = rabbit_auth_backend_internal:set_permissions(\
             <<\"{name}\">>, <<\"{}\">>, <<\".*\">>, <<\".*\">>, <<\".*\">>, <<\"test\">>).",
            vhost.name
        ));
        Self { url: with_login(&vhost.url, &name, FIRST), name }
    }

    /// Gives it the second password and closes its connections.
    pub fn change(&self) -> String {
        let name = &self.name;
        evaluate(&format!(
            "ok = rabbit_auth_backend_internal:change_password(<<\"{name}\">>, <<\"{SECOND}\">>, <<\"test\">>), \
             ok = rabbit_networking:close_all_user_connections(<<\"{name}\">>, <<\"changed\">>)."
        ));
        let uri: AMQPUri = self.url.parse().expect("a URL");
        assert_eq!(uri.authority.userinfo.username, *name);
        with_login(&self.url, name, SECOND)
    }
}

impl Drop for BrokerUser {
    fn drop(&mut self) {
        evaluate(&format!(
            "ok = rabbit_auth_backend_internal:delete_user(<<\"{}\">>, <<\"test\">>).",
            self.name
        ));
    }
}

/// Its `type`, or the code of an error.
pub fn kind(frame: &Value) -> &str {
    frame["code"].as_str().or(frame["type"].as_str()).expect("a frame")
}
