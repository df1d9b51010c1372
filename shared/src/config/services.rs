use std::time::Duration;

use super::reader::{Reader, Secret};

/// Where the services are and how long they may take.
#[derive(Debug, Clone)]
pub struct ServicesConfig {
    /// `DATABASE_URL`: `postgres://user:password@host:port/database`.
    pub database_url: Option<Secret>,
    /// `DATABASE_READ_URL`: a replica of it, for what may be a moment old.
    pub database_read_url: Option<Secret>,
    /// `DATABASE_MAX_CONNECTIONS` (1): an instance handles one event at a time.
    pub database_connections: u32,
    /// `DATABASE_TIMEOUT_MS` (700) for one operation.
    pub database_deadline: Duration,
    /// `REDIS_URL`: one server, a Sentinel set or a Cluster, with or without TLS.
    pub redis_url: Option<Secret>,
    /// `REDIS_TIMEOUT_MS` (150) for one trip.
    pub redis_deadline: Duration,
    /// `RABBITMQ_URL`: `amqp://` or `amqps://`.
    pub rabbitmq_url: Option<Secret>,
    /// `RABBITMQ_TIMEOUT_MS` (200) for one publish with its confirm.
    pub publish_deadline: Duration,
}

impl ServicesConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            database_url: reader.secret("DATABASE_URL"),
            database_read_url: reader.secret("DATABASE_READ_URL"),
            database_connections: reader.number("DATABASE_MAX_CONNECTIONS", 1, 1..=1000),
            database_deadline: milliseconds(reader, "DATABASE_TIMEOUT_MS", 700),
            redis_url: reader.secret("REDIS_URL"),
            redis_deadline: milliseconds(reader, "REDIS_TIMEOUT_MS", 150),
            rabbitmq_url: reader.secret("RABBITMQ_URL"),
            publish_deadline: milliseconds(reader, "RABBITMQ_TIMEOUT_MS", 200),
        }
    }
}

fn milliseconds(reader: &mut Reader<'_>, key: &str, default: u64) -> Duration {
    Duration::from_millis(reader.number(key, default, 1..=25_000))
}
