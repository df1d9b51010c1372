//! A Postgres of the case's own, and a replica of it that can be held up.

use sqlx::{Connection, PgConnection, query, query_scalar};
use tempfile::TempDir;

use crate::broker::Proxy;
use crate::hark::{Hark, World, eventually, on_services};
use crate::services::{exported, run, services};

pub struct Pair {
    primary: String,
    replica: String,
    /// The way to the replica.
    pub way: Proxy,
    state: TempDir,
}

impl Pair {
    async fn start() -> Self {
        let state = TempDir::new().expect("a folder");
        services(state.path(), &["start", "postgres"]).await;
        let exports = exported(&services(state.path(), &["start", "standby"]).await);
        let url = |name: &str| exports.iter().find(|(key, _)| key == name).expect("it is exported").1.clone();
        let (primary, replica) = (url("DATABASE_URL"), url("DATABASE_READ_URL"));
        let way = Proxy::before(&replica).await;
        Self { primary, replica, way, state }
    }

    async fn serve(&self, world: &World) -> Hark {
        let patient = ("DATABASE_TIMEOUT_MS", "2000");
        world
            .start_with(&[("DATABASE_URL", &self.primary), ("DATABASE_READ_URL", &self.way.url), patient])
            .await
    }

    /// Waits until the replica knows what the primary knows.
    pub async fn catch_up(&self) {
        let written = query_scalar::<_, String>("select pg_current_wal_lsn()::text");
        let written =
            written.fetch_one(&mut connection(&self.primary).await).await.expect("a place in the log");
        eventually(async || {
            let is_there = query_scalar("select pg_last_wal_replay_lsn() >= $1::text::pg_lsn").bind(&written);
            is_there.fetch_one(&mut connection(&self.replica).await).await.expect("it answers")
        })
        .await;
    }

    /// From now on the replica learns nothing.
    pub async fn stand_still(&self) {
        self.tell_replica("select pg_wal_replay_pause()").await;
        eventually(async || {
            let stands = query_scalar("select pg_get_wal_replay_pause_state() = 'paused'");
            stands.fetch_one(&mut connection(&self.replica).await).await.expect("it answers")
        })
        .await;
    }

    pub async fn go_on(&self) {
        self.tell_replica("select pg_wal_replay_resume()").await;
        self.catch_up().await;
    }

    async fn tell_replica(&self, statement: &'static str) {
        query(statement).execute(&mut connection(&self.replica).await).await.expect("it obeys");
    }

    /// Gives the primary another epoch, as who restores a backup does.
    pub async fn make_another(&self) {
        let another = query("update epoch set id = gen_random_uuid()");
        another.execute(&mut connection(&self.primary).await).await.expect("it is written");
    }

    /// How often the replica was asked by a statement with these words.
    pub async fn asked(&self, words: &str) -> i64 {
        let calls =
            "select coalesce(sum(calls), 0)::bigint from pg_stat_statements where strpos(query, $1) > 0";
        let calls = query_scalar(calls).bind(words);
        calls.fetch_one(&mut connection(&self.replica).await).await.expect("a count")
    }
}

/// A Hark on such a pair, for one case.
pub async fn on_pair(case: impl AsyncFnOnce(&Pair, &Hark)) {
    on_services(async |world: &World| {
        let pair = Pair::start().await;
        let hark = pair.serve(world).await;
        case(&pair, &hark).await;
        hark.stop().await;
    })
    .await;
}

impl Drop for Pair {
    fn drop(&mut self) {
        let stopped = run(self.state.path(), &["stop", "--wipe"]);
        assert!(stopped.status.success() || std::thread::panicking(), "the services stop");
    }
}

async fn connection(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("it answers")
}
