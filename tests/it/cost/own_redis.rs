//! A Redis that nobody else talks to: it counts for the whole server.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use redis::aio::MultiplexedConnection;

use crate::hark::eventually;

/// A server of the case's own, with nothing kept on disk; ended on drop.
pub struct OwnRedis {
    server: Child,
    port: u16,
    pub url: String,
}

impl OwnRedis {
    pub async fn start() -> Self {
        // The server can't be asked for any free port, so one is looked for first.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = Self { server: spawn(free), port: free, url: format!("redis://127.0.0.1:{free}") };
        eventually(async || own.try_connect().await.is_ok()).await;
        own
    }

    /// Ends it as a fault would (kill -9).
    pub fn kill(&mut self) {
        self.server.kill().expect("it runs");
        self.server.wait().expect("it ended");
    }

    /// Makes it hang, with what it holds; connections wait.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.server.id().to_string()]).status();
        assert!(sent.expect("kill starts").success(), "it runs");
    }

    /// Starts it where it was, with nothing in it.
    pub async fn start_again(&mut self) {
        self.server = spawn(self.port);
        eventually(async || self.try_connect().await.is_ok()).await;
    }

    async fn try_connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        redis::Client::open(self.url.as_str())?.get_multiplexed_async_connection().await
    }

    /// A connection of the test's own.
    pub async fn connection(&self) -> MultiplexedConnection {
        self.try_connect().await.unwrap()
    }
}

fn spawn(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server starts")
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
