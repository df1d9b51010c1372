//! The runner's pages, in windows of a real browser.

use crate::clients;
use crate::hark::{Hark, World, on_embedded, on_services};

async fn two_people_talk(ann_is_at: &Hark, bob_is_at: &Hark) {
    let addresses = [ann_is_at, bob_is_at].map(|hark| hark.running.http_url());
    let done = clients::run("page.py", &[&addresses[0], &addresses[1]], &[]).await;
    assert_eq!(done["messages"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_talk_by_the_page() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        two_people_talk(&hark, &hark).await;
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_tries_an_operation_on_the_page_of_the_contract() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        let ann = hark.user("ann").await;
        let done = clients::run("docs.py", &[&hark.running.http_url(), &ann.token], &[]).await;
        assert_eq!(done["answer"]["username"], "ann");
        assert_eq!(done["operations"].as_u64(), done["shown"].as_u64());
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_talk_by_the_pages_of_two_nodes() {
    on_services(async |world: &World| {
        let (one, two) = (world.start().await, world.start().await);
        two_people_talk(&one, &two).await;
        two.stop().await;
        one.stop().await;
    })
    .await;
}
