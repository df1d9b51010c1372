//! A master is killed while people talk.

use std::time::{Duration, Instant};

use shared::ids::UserId;

use super::load::{Entry, Load, compare};
use super::{Nodes, cluster, sentinel};
use crate::hark::{Client, Hark, Socket, World, eventually, on_services};

const SENDERS: usize = 8;
/// Acks of each sender before the fault, and after it until all is well again.
const ACKS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_master_of_a_sentinel_set_loses_nothing() {
    on_services(async |world| {
        a_killed_master_loses_nothing(world, sentinel::start().await, "Sentinel").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_master_of_a_cluster_loses_nothing() {
    on_services(async |world| a_killed_master_loses_nothing(world, cluster::start().await, "Cluster").await)
        .await;
}

async fn a_killed_master_loses_nothing(world: &World, mut nodes: Nodes, kind: &str) {
    let masters = nodes.masters().await;
    // Deadlines as they are in AWS: a dead master must not hold anybody up.
    let variables = [("REDIS_URL", nodes.url()), ("REDIS_TIMEOUT_MS", "150")];
    let hark = world.start_with(&variables).await;
    let (reader, senders) = (hark.user("reader").await, hark.users("sender", SENDERS).await);
    let room = hark.group(&reader, &senders.iter().collect::<Vec<_>>()).await;
    let mut listening = hark.connect(&reader).await;
    let load = Load::start(&hark, room, &senders).await;
    load.until_acked(ACKS).await;

    let killed = Instant::now();
    nodes.kill_a_master().await;
    eventually(async || nodes.masters().await == masters).await;
    let replaced = killed.elapsed();
    load.until_acked(ACKS).await;
    until_presence_is_whole(&hark, &reader, &senders, &mut listening).await;
    let ledger = load.stop().await;

    report(kind, &ledger, killed, replaced);
    compare(&hark, &reader, room, &ledger).await;
    broadcast_live(&hark, &senders[0], room, &mut listening).await;
    hark.stop().await;
}

/// Waits until presence knows everybody's one connection.
async fn until_presence_is_whole(hark: &Hark, reader: &Client, senders: &[Client], listening: &mut Socket) {
    listening.ask(&serde_json::json!({"type": "heartbeat"})).await;
    let app = hark.running.app();
    let everybody: Vec<UserId> = senders.iter().chain([reader]).map(|client| UserId(client.id)).collect();
    eventually(async || {
        let online = async |user: &UserId| {
            let status = app.presence.status(*user, app.clock.now()).await;
            status.is_ok_and(|status| status.online && status.connections.len() == 1)
        };
        for user in &everybody {
            if !online(user).await {
                return false;
            }
        }
        true
    })
    .await;
}

/// Says how long senders were told that nothing was broadcast; on a busy machine a late trip to Redis counts
/// too. That they go on in time is what waiting for their acks shows.
fn report(kind: &str, ledger: &[Entry], killed: Instant, replaced: Duration) {
    let late = ledger.iter().filter(|entry| !entry.broadcast && entry.replied > killed);
    let dark = late.clone().map(|entry| entry.replied - killed).max().unwrap_or_default();
    println!(
        "{kind}: {} sends acknowledged, {} of them not broadcast; the servers had a new master after {} ms, \
         the last send that was not broadcast was answered after {} ms",
        ledger.len(),
        late.count(),
        replaced.as_millis(),
        dark.as_millis()
    );
}

/// What is sent now reaches who listens, over the socket that was open all the time.
async fn broadcast_live(hark: &Hark, sender: &Client, room: i64, listening: &mut Socket) {
    let mut socket = hark.connect(sender).await;
    socket.say(room, "after all").await;
    while listening.next_of("message").await["content"] != "after all" {}
    socket.close().await;
}
