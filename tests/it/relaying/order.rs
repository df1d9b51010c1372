//! Many events of mixed priorities for a service that is slow, and a broker that is restarted meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::model::Role;

use super::target::{Post, Target, at_last};
use super::{pending, publish};
use crate::broker::OwnBroker;
use crate::hark::{World, full_or_tenth, on_both, on_services};

const PRIORITIES: [u8; 5] = [0, 9, 3, 6, 1];
/// Batches that were taken before the last event was published, of ten each: nothing overtakes what was taken.
const TAKEN: usize = 3 * 10;

async fn higher_priorities_overtake_while_the_service_is_slow(world: &World) {
    let hark = world.start().await;
    let ops = hark.user_as("ops", Role::Service).await;
    let slow = Target::start(&["--delay-ms", "300"]).await;
    slow.register(&hark, &ops, "slow-service").await;
    let published = publish(&hark, &ops, "slow-service", 200, &PRIORITIES).await;
    let before = slow.posts().len();
    at_last(async || slow.handled().len() == published.len()).await;

    let posts = slow.posts();
    let left: Vec<i64> =
        posts[before..].iter().skip(TAKEN).map(|post| post.event()["priority"].as_i64().unwrap()).collect();
    assert!(left.len() >= 100, "it was too fast: {before} were taken");
    // Within a batch they are posted side by side.
    let batches: Vec<_> = left.chunks(10).map(|batch| batch.iter().sum::<i64>()).collect();
    let falls = batches.windows(2).filter(|pair| pair[0] >= pair[1]).count();
    assert!(falls + 2 >= batches.len() - 1, "the highest come first: {batches:?}");
    assert!(left[..10].iter().sum::<i64>() > left[left.len() - 10..].iter().sum::<i64>());
    assert!(left[left.len() - 10..].iter().all(|priority| *priority <= 1), "{left:?}");
    hark.stop().await;
}

/// Says how it went: what overtook, and by how much, and what came twice.
fn figures(posts: &[Post]) {
    let events: Vec<Value> = posts.iter().filter(|post| post.handled).map(Post::event).collect();
    // Ids are made in the order of publishing.
    let published: BTreeSet<&str> = events.iter().filter_map(|event| event["id"].as_str()).collect();
    let published: BTreeMap<&str, i64> = published.into_iter().zip(0..).collect();
    let lead = |(place, event): (i64, &Value)| published[event["id"].as_str().unwrap()] - place;
    let high = (0..).zip(&events).filter(|(_, event)| event["priority"] == 9);
    let leads: Vec<i64> = high.map(lead).collect();
    let overtook = leads.iter().filter(|lead| **lead > 0).count();
    let mean = leads.iter().sum::<i64>() / i64::try_from(leads.len()).unwrap();
    let (all, twice) = (events.len(), posts.len() - events.len());
    println!(
        "{all} events; of {} high ones {overtook} came earlier than in their turn, by {mean} places on \
         average over all of them; {twice} came twice",
        leads.len()
    );
}

async fn a_service_is_posted_to_side_by_side_up_to_its_limit(world: &World) {
    for (limit, most) in [("1", 1), ("3", 3)] {
        let hark = world.start_with(&[("RELAY_TARGET_CONCURRENCY", limit)]).await;
        let ops = hark.user_as(&format!("ops{limit}"), Role::Service).await;
        let target = Target::start(&["--delay-ms", "50"]).await;
        let name = format!("service-{limit}");
        target.register(&hark, &ops, &name).await;
        publish(&hark, &ops, &name, 30, &[5]).await;
        at_last(async || target.handled().len() == 30).await;
        let at_once = target.posts().iter().map(|post| post.at_once).max();
        assert_eq!(at_once, Some(most), "with a limit of {limit}");
        hark.stop().await;
    }
}

on_both! {
    a_service_is_posted_to_side_by_side_up_to_its_limit,
    higher_priorities_overtake_while_the_service_is_slow,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_restarted_in_the_middle_loses_no_event() {
    on_services(async |world: &World| {
        let broker = OwnBroker::start().await;
        let hark = world.start_with(&[("RABBITMQ_URL", &broker.url)]).await;
        let ops = hark.user_as("ops", Role::Service).await;
        let target = Target::start(&["--delay-ms", "5"]).await;
        target.register(&hark, &ops, "slow-service").await;
        let many = full_or_tenth(10_000);
        let mut published: BTreeSet<String> =
            publish(&hark, &ops, "slow-service", many / 2, &PRIORITIES).await.into_iter().collect();
        let more = async {
            let more = publish(&hark, &ops, "slow-service", many / 2, &PRIORITIES).await;
            published.extend(more);
        };
        futures::join!(broker.restart(), more);
        assert_eq!(published.len(), many);
        at_last(async || target.handled().len() >= many).await;
        at_last(async || pending(&hark).await == 0).await;

        let mut handled = BTreeMap::<String, u32>::new();
        for post in target.posts().iter().filter(|post| post.handled) {
            *handled.entry(post.id().to_owned()).or_default() += 1;
        }
        assert!(handled.values().all(|times| *times == 1), "by its id none counts twice");
        assert_eq!(handled.into_keys().collect::<BTreeSet<_>>(), published, "none is lost");
        figures(&target.posts());
        hark.stop().await;
    })
    .await;
}
