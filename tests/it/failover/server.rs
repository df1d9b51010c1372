//! One Redis process of the test's own.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult};
use tempfile::TempDir;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Waits for its input to end and kills the server then: so the server never outlives the test, however
/// that ends.
const UNTIL_THE_TEST_ENDS: &str = "redis-server redis.conf $1 > log 2>&1 & read -r _; kill -9 $!";

pub struct Server {
    pub port: u16,
    password: String,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// Starts it by these lines of configuration; `mode` is empty or `--sentinel`.
    pub fn start(port: u16, password: &str, mode: &str, lines: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {}\n{lines}\n",
            folder.path().display()
        );
        fs::write(folder.path().join("redis.conf"), config).expect("the configuration is written");
        let child = Command::new("sh")
            .args(["-c", UNTIL_THE_TEST_ENDS, "sh", mode])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        Self { port, password: password.to_owned(), folder, child: Some(child) }
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }

    pub async fn is_master(&self) -> bool {
        self.child.is_some() && self.replication().await.is_some_and(|it| it.contains("role:master"))
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    pub async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        Client::open(self.url())?.get_multiplexed_async_connection().await
    }

    /// What `INFO replication` says of it, once it answers.
    pub async fn replication(&self) -> Option<String> {
        let mut connection = self.connection().await.ok()?;
        redis::cmd("INFO").arg("replication").query_async(&mut connection).await.ok()
    }

    pub async fn until_it_answers(&self) {
        self.until("it answers", async || self.replication().await.is_some()).await;
    }

    pub async fn until_it_follows(&self) {
        let follows =
            async || self.replication().await.is_some_and(|it| it.contains("master_link_status:up"));
        self.until("it follows its master", follows).await;
    }

    /// Polls until something holds of it; its log is shown when it never does.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), waiting).await.is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            panic!("never: {what}\n{log}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ports that are free now, no two the same. Below those that the system gives to outgoing connections:
/// one of them could take a port before its server does.
pub async fn free_ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::with_capacity(N);
    while held.len() < N {
        let port = 10_000 + (Uuid::new_v4().as_u64_pair().0 % 20_000) as u16;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            held.push((port, listener));
        }
    }
    std::array::from_fn(|at| held[at].0)
}
