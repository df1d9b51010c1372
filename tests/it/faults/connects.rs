//! Handshakes that are throttled, and what chance decides of them.

use local::{Banner, Options};
use serde_json::json;

use super::{go_wrong, known};
use crate::hark::{Hark, World, on_both, on_embedded};

async fn a_throttled_handshake_leaves_nothing_and_the_next_one_opens(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    go_wrong(&hark, &["connect=429,count=1"]);
    let refused = hark.open(&format!("/?token={}", ann.token), &[]).await.err().unwrap();
    assert_eq!((refused.status, &refused.body["message"]), (429, &json!("Too Many Requests")));
    assert_eq!(known(&hark, &ann).await, (0, 0));
    let _socket = hark.connect(&ann).await;
    assert_eq!(known(&hark, &ann).await, (1, 1));
    hark.stop().await;
}

on_both! {
    a_throttled_handshake_leaves_nothing_and_the_next_one_opens,
}

const HANDSHAKES: usize = 24;

fn by_chance(world: &World, fault_seed: Option<u64>) -> Options {
    Options { faults: vec!["connect=429:0.5".parse().unwrap()], fault_seed, ..world.options(&[]) }
}

/// What becomes of each: they are refused before anybody looks who it is.
async fn handshakes(hark: &Hark) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..HANDSHAKES {
        statuses.push(hark.open("/", &[]).await.err().unwrap().status);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seed_that_is_printed_decides_the_same_again() {
    on_embedded(async |world: &World| {
        let hark = world.start_as(by_chance(world, None)).await;
        let first = handshakes(&hark).await;
        assert!(first.contains(&429) && first.contains(&401), "{first:?}");
        let printed = Banner { running: &hark.running, demos: &[] }.to_string();
        hark.stop().await;
        let (_, after) = printed.split_once("--fault-seed ").unwrap_or_else(|| panic!("{printed}"));
        let seed: u64 = after.split(' ').next().unwrap().parse().unwrap();

        for (seed, same) in [(seed, true), (seed + 1, false)] {
            let hark = world.start_as(by_chance(world, Some(seed))).await;
            assert_eq!(handshakes(&hark).await == first, same, "seed {seed}");
            hark.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_no_function_is_named_before_anything_is_served() {
    on_embedded(async |world: &World| {
        let faults = vec!["function=massage:fail".parse().unwrap()];
        let refused = local::start(Options { faults, ..world.options(&[]) }).await.err().unwrap().to_string();
        assert_eq!(refused, "--fault: function=massage:fail: there is no function \"massage\"");
    })
    .await;
}
