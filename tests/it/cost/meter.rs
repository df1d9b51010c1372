//! What the servers themselves count.

use std::str::FromStr;
use std::time::Duration;

use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use redis::aio::MultiplexedConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Row, query};

use super::own_redis::OwnRedis;
use crate::hark::World;

/// Postgres reports what a connection did at most once a second; there is no event to wait for.
const REPORT_PAUSE: Duration = Duration::from_millis(1200);

/// Everything that counts, on the services of one world.
pub struct Meters {
    redis: RedisMeter,
    pub postgres: PostgresMeter,
    bus: BusMeter,
}

/// What happened between two looks.
pub struct Cost {
    /// Round trips to Redis.
    pub redis_trips: i64,
    /// Every statement that Postgres ran in the case's database, transaction control included, as often as
    /// it ran.
    pub statements: Vec<String>,
    /// Routing key and body of everything published to `chat.exchange`.
    pub published: Vec<(String, Vec<u8>)>,
}

impl Meters {
    pub async fn new(world: &World, redis: &OwnRedis) -> Self {
        Self {
            redis: RedisMeter(redis.connection().await),
            postgres: PostgresMeter::new(&world.services().database_url).await,
            bus: BusMeter::new(world).await,
        }
    }

    /// What `work` costs. All of it must have happened when `work` is done.
    pub async fn of<T>(&mut self, work: impl Future<Output = T>) -> (T, Cost) {
        self.bus.drain().await;
        self.postgres.reset().await;
        let before = self.redis.reads().await;
        let outcome = work.await;
        // The second question is no cost of theirs.
        let redis_trips = self.redis.reads().await - before - 1;
        let statements = self.postgres.statements().await;
        (outcome, Cost { redis_trips, statements, published: self.bus.drain().await })
    }
}

impl Cost {
    /// The routing keys, sorted and without the number of a lane.
    pub fn published_to(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self
            .published
            .iter()
            .map(|(key, _)| key.trim_end_matches(|c: char| c.is_ascii_digit()))
            .collect();
        keys.sort_unstable();
        keys
    }
}

/// `total_reads_processed`: how often the server read from a client. Commands that were sent together are
/// read together, so each is a round trip.
struct RedisMeter(MultiplexedConnection);

impl RedisMeter {
    /// So far, this question included.
    async fn reads(&mut self) -> i64 {
        let info: String = redis::cmd("INFO").arg("stats").query_async(&mut self.0).await.unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
        line.expect("Redis 7 counts its reads").trim().parse().unwrap()
    }
}

/// `pg_stat_statements` and `pg_stat_database`, read from another database so that reading counts nothing.
pub struct PostgresMeter {
    connection: PgConnection,
    database: String,
}

impl PostgresMeter {
    async fn new(url: &str) -> Self {
        let database = PgConnectOptions::from_str(url).unwrap().get_database().unwrap().to_owned();
        let server = PgConnectOptions::from_str(&std::env::var("DATABASE_URL").unwrap()).unwrap();
        Self { connection: server.disable_statement_logging().connect().await.unwrap(), database }
    }

    async fn reset(&mut self) {
        let reset = "select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = $1";
        query(reset).bind(&self.database).execute(&mut self.connection).await.unwrap();
    }

    /// But for one that no event costs: an instance asks who subscribed every five seconds, whatever it does.
    async fn statements(&mut self) -> Vec<String> {
        let ran = "select s.query, s.calls from pg_stat_statements s join pg_database d on d.oid = s.dbid \
                   where d.datname = $1 and s.query not like '%from service_subscriptions%'";
        let rows = query(ran).bind(&self.database).fetch_all(&mut self.connection).await.unwrap();
        let repeated = |row: sqlx::postgres::PgRow| {
            let calls = usize::try_from(row.get::<i64, _>("calls")).unwrap();
            std::iter::repeat_n(row.get::<String, _>("query"), calls)
        };
        rows.into_iter().flat_map(repeated).collect()
    }

    /// The commits of `work`. It is done once before, after a pause, so that Postgres has told of
    /// everything earlier. A vacuum of its own may commit in between, so the least of three tries counts.
    pub async fn commits(&mut self, mut work: impl AsyncFnMut()) -> i64 {
        let mut least = i64::MAX;
        for _ in 0..3 {
            tokio::time::sleep(REPORT_PAUSE).await;
            work().await;
            let before = self.committed().await;
            tokio::time::sleep(REPORT_PAUSE).await;
            work().await;
            least = least.min(self.committed().await - before);
            if least <= 1 {
                break;
            }
        }
        least
    }

    async fn committed(&mut self) -> i64 {
        let commits = "select xact_commit from pg_stat_database where datname = $1";
        let row = query(commits).bind(&self.database).fetch_one(&mut self.connection).await.unwrap();
        row.get("xact_commit")
    }
}

/// A queue that gets a copy of everything.
struct BusMeter {
    channel: lapin::Channel,
    queue: String,
}

impl BusMeter {
    async fn new(world: &World) -> Self {
        let channel = world.services().vhost.channel().await;
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
        let queue = queue.name().to_string();
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        let (name, exchange, all) = (queue.as_str().into(), "chat.exchange".into(), "#".into());
        channel.queue_bind(name, exchange, all, options, arguments).await.unwrap();
        Self { channel, queue }
    }

    /// Everything published since the last time: a publish is confirmed when every queue has it.
    async fn drain(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(got) = self.channel.basic_get(self.queue.as_str().into(), options).await.unwrap() {
            all.push((got.delivery.routing_key.to_string(), got.delivery.data));
        }
        all
    }
}
