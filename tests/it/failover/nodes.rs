use redis::{Client, Cmd, RedisResult};

use super::server::Server;

/// Several Redis servers that stand in for each other; ended on drop.
pub struct Nodes {
    addresses: &'static Addresses,
    servers: Vec<Server>,
    /// They end with the servers.
    _watchers: Vec<Server>,
}

/// Where they are. It outlives them, since cases are handed around as plain values.
#[derive(Debug)]
pub struct Addresses {
    /// As `REDIS_URL` has it.
    pub url: String,
    servers: Vec<String>,
}

impl Nodes {
    pub(super) fn new(url: String, servers: Vec<Server>, watchers: Vec<Server>) -> Self {
        let addresses = Addresses { url, servers: servers.iter().map(Server::url).collect() };
        Self { addresses: Box::leak(Box::new(addresses)), servers, _watchers: watchers }
    }

    pub fn addresses(&self) -> &'static Addresses {
        self.addresses
    }

    /// As `REDIS_URL` has it.
    pub fn url(&self) -> &str {
        &self.addresses.url
    }

    /// Ends a master as `kill -9` does.
    pub async fn kill_a_master(&mut self) {
        for server in &mut self.servers {
            if server.is_master().await {
                return server.kill();
            }
        }
        panic!("no server is a master");
    }

    /// How many servers live and are masters.
    pub async fn masters(&self) -> usize {
        let mut masters = 0;
        for server in &self.servers {
            masters += usize::from(server.is_master().await);
        }
        masters
    }
}

impl Addresses {
    /// Removes all keys. A replica refuses, and follows its master.
    pub async fn flush(&self) {
        self.everywhere(&redis::cmd("FLUSHALL")).await;
    }

    /// Runs a command on every server; what one says to it doesn't matter.
    pub async fn everywhere(&self, command: &Cmd) {
        for server in &self.servers {
            let _ = run(server, command).await;
        }
    }
}

async fn run(server: &str, command: &Cmd) -> RedisResult<()> {
    command.exec_async(&mut Client::open(server)?.get_multiplexed_async_connection().await?).await
}
