//! What the servers do while a function is frozen: they close its connections.

use sqlx::{Connection, PgConnection};

use crate::broker::evaluate;
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
    let expression = format!(
        "length([1 || [{{vhost, <<\"{vhost}\">>}}] <- rabbit_networking:connection_info_all([vhost])])."
    );
    let count = tokio::task::spawn_blocking(move || evaluate(&expression)).await.expect("it ends");
    count.parse().expect("a number")
}
