//! What the functions find: a seeded database of this run, the queues, and a gateway that takes every post.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use shared::ports::Bus as _;
use shared::rabbitmq::topology::EXCHANGE;
use shared::rabbitmq::{RabbitBus, RabbitConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::database::Database;

const SEED: &str = include_str!("../../../events/seed.sql");

/// Nobody is asked over the internet whether they are well.
const ALONE: &str = "delete from service_instances";
/// As `deliver` does with what comes out of the queues, which nobody reads here: `upkeep` would wait for it.
const SETTLED: &str = "delete from outbox";

/// As many as functions have by default.
const FANOUT_QUEUES: u32 = 4;
const PUBLISH_DEADLINE: Duration = Duration::from_secs(5);

/// What the template gives the functions, with the secret that signed the tokens in `events/`, without the limit that
/// thousands of frames of one user would meet, and with deadlines that a busy machine keeps to.
const SETTINGS: [(&str, &str); 9] = [
    ("JWT_SECRET", "hark-events-development-secret-0001"),
    ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true"),
    ("AWS_ACCESS_KEY_ID", "bench"),
    ("AWS_SECRET_ACCESS_KEY", "bench"),
    ("METRICS_NAMESPACE", "Hark"),
    ("RATE_LIMIT_MESSAGES", "0"),
    ("DATABASE_TIMEOUT_MS", "5000"),
    ("REDIS_TIMEOUT_MS", "5000"),
    ("RABBITMQ_TIMEOUT_MS", "5000"),
];

pub(super) struct Ground {
    database: Database,
    pub(super) redis_url: String,
    pub(super) rabbitmq_url: String,
    gateway: Gateway,
    folder: TempDir,
}

impl Ground {
    /// # Errors
    /// The variables of the services aren't set, or one is away.
    pub(super) async fn lay() -> anyhow::Result<Self> {
        let (redis_url, rabbitmq_url) = (variable("REDIS_URL")?, variable("RABBITMQ_URL")?);
        let (gateway, folder) = (Gateway::open().await?, tempfile::tempdir()?);
        declare_queues(&rabbitmq_url).await?;
        let database = Database::create("cold_start").await?;
        let ground = Self { database, redis_url, rabbitmq_url, gateway, folder };
        if let Err(error) = ground.seed().await {
            ground.clear().await?;
            return Err(error);
        }
        Ok(ground)
    }

    async fn seed(&self) -> anyhow::Result<()> {
        self.execute(SEED).await?;
        self.execute(ALONE).await
    }

    /// Takes every stored message for delivered.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        self.execute(SETTLED).await
    }

    async fn execute(&self, script: &'static str) -> anyhow::Result<()> {
        sqlx::raw_sql(script).execute(&mut self.database.connect().await?).await?;
        Ok(())
    }

    /// Removes the database and what the functions wrote.
    ///
    /// # Errors
    /// The server is away.
    pub(super) async fn clear(self) -> anyhow::Result<()> {
        self.database.drop().await
    }

    pub(super) fn database_url(&self) -> &str {
        &self.database.url
    }

    /// The variables of a function.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let urls = [
            ("DATABASE_URL", self.database.url.as_str()),
            ("REDIS_URL", &self.redis_url),
            ("RABBITMQ_URL", &self.rabbitmq_url),
            ("ENDPOINT_URL", &self.gateway.url),
        ];
        SETTINGS.into_iter().chain(urls).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Where a function's log goes.
    pub(super) fn log_of(&self, function: &str) -> PathBuf {
        self.folder.path().join(function)
    }
}

/// Answers every post with 200.
struct Gateway {
    url: String,
    server: AbortHandle,
}

impl Gateway {
    async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/live", listener.local_addr()?);
        let serving = axum::serve(listener, Router::new().fallback(async || ())).into_future();
        Ok(Self { url, server: tokio::spawn(serving).abort_handle() })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// As `migrate` does after a deployment.
async fn declare_queues(url: &str) -> anyhow::Result<()> {
    let config = RabbitConfig {
        url: url.to_owned().into(),
        deadline: PUBLISH_DEADLINE,
        fanout_queues: FANOUT_QUEUES,
        exchange: EXCHANGE.to_owned(),
    };
    Ok(RabbitBus::new(config).declare().await?)
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}
