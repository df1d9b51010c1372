//! The suite on servers that stand in for each other.

use crate::failover::{Nodes, cluster, sentinel};

use super::on_redis::copies_are_kept_and_taken_back;
use super::{Adapter, NOW, a_room, a_user, cases, connected, redis_at};
use shared::ports::Presence;

async fn whole_suite(nodes: &Nodes) {
    for (name, case) in cases(Adapter::Nodes(nodes.addresses())) {
        println!("{name}");
        case.await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_suite_holds_over_sentinels() {
    whole_suite(&sentinel::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_suite_holds_over_a_cluster() {
    whole_suite(&cluster::start().await).await;
}

#[tokio::test]
async fn customer_service_is_copied_to_a_cluster_key_by_key() {
    let nodes = cluster::start().await;
    copies_are_kept_and_taken_back(&redis_at(nodes.url(), 0, 0)).await;
}

#[tokio::test]
async fn a_node_of_a_cluster_that_lost_the_scripts_gets_them_again() {
    let nodes = cluster::start().await;
    let presence = redis_at(nodes.url(), 0, 0);
    presence.warm().await.unwrap();
    let (ann, room) = (a_user(), a_room());
    let mut flush = redis::cmd("SCRIPT");
    flush.arg("FLUSH");
    for _ in 0..3 {
        nodes.addresses().everywhere(&flush).await;
        let phone = connected(&presence, ann, &[room]).await;
        nodes.addresses().everywhere(&flush).await;
        assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
    }
    assert_eq!(presence.rebuild(room, 1, &[ann]).await.unwrap().listeners.len(), 3);
}
