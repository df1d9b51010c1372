//! What the servers do while a function is frozen: they close its connections.

use std::process::Command;

use sqlx::{Connection, PgConnection};

use crate::failover::Addresses;
use crate::hark::{World, eventually};

/// Closes every connection of the frozen functions: Postgres and Redis at once, RabbitMQ by itself after
/// two heartbeats.
pub async fn close_all(world: &World, redis: &'static Addresses) {
    let mut postgres = PgConnection::connect(&world.services().database_url).await.expect("Postgres answers");
    let closed: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .fetch_all(&mut postgres)
    .await
    .expect("they are ended");
    assert!(!closed.is_empty(), "the functions were connected to Postgres");

    let mut kill = redis::cmd("CLIENT");
    kill.arg("KILL").arg("TYPE").arg("normal");
    redis.everywhere(&kill).await;

    let vhost = &world.services().vhost.name;
    eventually(async || connections_on(vhost).await == 0).await;
}

/// How many connections RabbitMQ holds on a virtual host.
pub async fn connections_on(vhost: &str) -> usize {
    let program = std::env::var("RABBITMQCTL").expect("run `make test`, which starts the services");
    let mut command = Command::new(program);
    command.args(["--quiet", "list_connections", "vhost"]);
    let listed = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends");
    let listed = listed.expect("rabbitmqctl starts");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.trim() == vhost).count()
}
