//! Where a case's state is: a folder, or databases of its own on the running services.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use futures::FutureExt;
use tempfile::TempDir;

use super::clock::TurnedClock;
use crate::broker::Vhost;
use crate::conformance::with_database;

/// Redis databases that no other test names, each lent to one case at a time.
static REDIS_DATABASES: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(|| Mutex::new((9..16).collect()));

/// The state of one case, over as many runs as it starts.
pub struct World {
    folder: TempDir,
    services: Option<Services>,
    /// What every run on it reads the time from.
    pub clock: Arc<TurnedClock>,
}

/// A corner of each service, with nothing in it.
pub struct Services {
    pub database_url: String,
    pub redis: RedisDatabase,
    pub vhost: Vhost,
}

/// A numbered database of the running Redis; given back on drop.
pub struct RedisDatabase {
    number: u8,
    pub url: String,
}

/// Runs a case on a folder of its own.
pub async fn on_embedded(case: impl AsyncFnOnce(&World)) {
    let world =
        World { folder: tempfile::tempdir().expect("a folder"), services: None, clock: Arc::default() };
    case(&world).await;
}

/// Runs a case on real services: a Postgres database, a Redis database and a RabbitMQ vhost of its own.
pub async fn on_services(case: impl AsyncFnOnce(&World)) {
    with_database(async |url| {
        let redis = RedisDatabase::take().await;
        let services = Services { database_url: url.to_owned(), redis, vhost: Vhost::create() };
        let folder = tempfile::tempdir().expect("a folder");
        let world = World { folder, services: Some(services), clock: Arc::default() };
        let outcome = AssertUnwindSafe(case(&world)).catch_unwind().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    })
    .await;
}

impl World {
    /// A folder of the case's own; embedded, the state is in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the state is on real services.
    pub fn is_real(&self) -> bool {
        self.services.is_some()
    }

    /// The services; a case that asks for them is a real one.
    pub fn services(&self) -> &Services {
        self.services.as_ref().expect("the case runs on the services")
    }

    /// What tells a runner where its state is; empty values hide those that the tests themselves run with.
    pub fn variables(&self) -> Vec<(String, String)> {
        let urls = match &self.services {
            None => [String::new(), String::new(), String::new()],
            Some(Services { database_url, redis, vhost }) => {
                [database_url.clone(), redis.url.clone(), vhost.url.clone()]
            }
        };
        let names = ["DATABASE_URL", "REDIS_URL", "RABBITMQ_URL"];
        // The cases aren't about slowness, and the machine may be busy.
        let deadlines = ["DATABASE_TIMEOUT_MS", "REDIS_TIMEOUT_MS", "RABBITMQ_TIMEOUT_MS"];
        let urls = names.map(str::to_owned).into_iter().zip(urls);
        urls.chain(deadlines.map(|name| (name.to_owned(), "5000".to_owned()))).collect()
    }
}

impl RedisDatabase {
    /// Lends an empty one.
    pub async fn take() -> Self {
        let number = REDIS_DATABASES.lock().unwrap().pop().expect("more databases than cases at once");
        let server = std::env::var("REDIS_URL").expect("run `make test`, which starts the services");
        let (scheme, rest) = server.split_once("://").expect("a URL");
        let authority = rest.split('/').next().expect("a host");
        let database = Self { number, url: format!("{scheme}://{authority}/{number}") };
        let mut connection = database.connection().await;
        redis::cmd("FLUSHDB").exec_async(&mut connection).await.expect("flush");
        database
    }

    /// A connection of the test's own.
    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url.as_str()).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("Redis answers")
    }
}

impl Drop for RedisDatabase {
    fn drop(&mut self) {
        REDIS_DATABASES.lock().unwrap().push(self.number);
    }
}
