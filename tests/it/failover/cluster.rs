//! Three masters, each with a replica.

use std::process::Command;

use super::Nodes;
use super::server::{Server, free_ports};

const PASSWORD: &str = "nodes";

/// A cluster whose nodes think another dead after a second.
pub async fn start() -> Nodes {
    let ports: [u16; 12] = free_ports().await;
    let (own, bus) = ports.split_at(6);
    let servers: Vec<Server> = own.iter().zip(bus).map(|(&port, &bus)| node(port, bus)).collect();
    for server in &servers {
        server.until_it_answers().await;
    }
    let addresses: Vec<String> = own.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    make(addresses.clone()).await;
    for server in &servers {
        server.until("it serves every slot", async || is_whole(server).await).await;
    }
    for server in &servers {
        if server.replication().await.is_some_and(|it| it.contains("role:slave")) {
            server.until_it_follows().await;
        }
    }
    // Not all: the client finds the others.
    let url = format!("redis-cluster://:{PASSWORD}@{}", addresses[..4].join(","));
    Nodes::new(url, servers, vec![])
}

fn node(port: u16, bus: u16) -> Server {
    let lines = format!(
        "save \"\"\nmasterauth {PASSWORD}\nrepl-diskless-sync-delay 0\ncluster-enabled yes\n\
         cluster-port {bus}\ncluster-node-timeout 1000\ncluster-replica-validity-factor 0\n"
    );
    Server::start(port, PASSWORD, "", &lines)
}

async fn make(addresses: Vec<String>) {
    let mut command = Command::new("redis-cli");
    command.args(["--no-auth-warning", "-a", PASSWORD, "--cluster", "create"]).args(addresses);
    command.args(["--cluster-replicas", "1", "--cluster-yes"]);
    let made =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("redis-cli starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
}

async fn is_whole(server: &Server) -> bool {
    let Ok(mut connection) = server.connection().await else { return false };
    let info = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await;
    let info: String = info.unwrap_or_default();
    info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:6")
}
