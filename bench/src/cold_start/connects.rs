//! Bare connects: what a cold start can't do without, measured by itself.

use std::time::Instant;

use lapin::{Connection, ConnectionProperties};
use sqlx::postgres::PgConnection;

use super::ground::Ground;
use crate::measure::Latency;

/// One connect to each service, from nothing to its first answer.
#[derive(Default)]
pub(super) struct Connects {
    redis: Latency,
    postgres: Latency,
    rabbitmq: Latency,
}

impl Connects {
    /// Connects to each once more, one after the other.
    ///
    /// # Errors
    /// One is away.
    pub(super) async fn measure(&mut self, ground: &Ground) -> anyhow::Result<()> {
        time(&mut self.redis, redis(&ground.redis_url)).await?;
        time(&mut self.postgres, postgres(ground.database_url())).await?;
        time(&mut self.rabbitmq, rabbitmq(&ground.rabbitmq_url)).await
    }

    /// By name.
    pub(super) fn all(&self) -> [(&'static str, &Latency); 3] {
        [
            ("Redis, PING", &self.redis),
            ("Postgres, select 1", &self.postgres),
            ("RabbitMQ, channel", &self.rabbitmq),
        ]
    }
}

/// Closing isn't timed.
async fn time<T>(
    latency: &mut Latency,
    connect: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let connected = connect.await?;
    latency.record(u64::try_from(began.elapsed().as_nanos())?);
    drop(connected);
    Ok(())
}

async fn redis(url: &str) -> anyhow::Result<redis::aio::MultiplexedConnection> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let _: String = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(connection)
}

async fn postgres(url: &str) -> anyhow::Result<PgConnection> {
    let mut connection = <PgConnection as sqlx::Connection>::connect(url).await?;
    sqlx::raw_sql("select 1").execute(&mut connection).await?;
    Ok(connection)
}

async fn rabbitmq(url: &str) -> anyhow::Result<(Connection, lapin::Channel)> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}
