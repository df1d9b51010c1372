//! One master, one replica and three sentinels.

use std::collections::HashMap;

use super::Nodes;
use super::server::{Server, free_ports};

const PASSWORD: &str = "servers";
const SENTINEL_PASSWORD: &str = "sentinels";
const SENTINELS: usize = 3;

/// A master and its replica, watched by three sentinels that think it dead after half a second.
pub async fn start() -> Nodes {
    let [master_port, replica_port, watch1, watch2, watch3] = free_ports().await;
    let lines = format!("save \"\"\nmasterauth {PASSWORD}\nrepl-diskless-sync-delay 0\n");
    let master = Server::start(master_port, PASSWORD, "", &lines);
    master.until_it_answers().await;
    let lines = format!("{lines}replicaof 127.0.0.1 {master_port}\n");
    let replica = Server::start(replica_port, PASSWORD, "", &lines);
    replica.until_it_follows().await;

    let watch = format!(
        "sentinel monitor main 127.0.0.1 {master_port} 2\nsentinel auth-pass main {PASSWORD}\n\
         sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n"
    );
    let ports = [watch1, watch2, watch3];
    let sentinels = ports.map(|port| Server::start(port, SENTINEL_PASSWORD, "--sentinel", &watch));
    for sentinel in &sentinels {
        sentinel.until("it knows the others", async || knows_the_others(sentinel).await).await;
    }
    let list = ports.map(|port| format!("127.0.0.1:{port}")).join(",");
    let url = format!("redis+sentinel://:{PASSWORD}@{list}/main?sentinel_password={SENTINEL_PASSWORD}");
    Nodes::new(url, vec![master, replica], sentinels.into())
}

async fn knows_the_others(sentinel: &Server) -> bool {
    let Ok(mut connection) = sentinel.connection().await else { return false };
    let asked = redis::cmd("SENTINEL").arg("MASTER").arg("main").query_async(&mut connection).await;
    let master: HashMap<String, String> = asked.unwrap_or_default();
    let number = |key: &str| master.get(key).and_then(|value| value.parse::<usize>().ok());
    number("num-other-sentinels") == Some(SENTINELS - 1) && number("num-slaves") == Some(1)
}
