//! The runner's pages in a real browser.

use std::collections::BTreeSet;

use local::documents::asyncapi;
use reqwest::Method;
use serde_json::{Value, json};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_protocol_is_there_to_be_read() {
    on_embedded(async |world: &World| {
        let hark = world.start().await;
        let shown = clients::run("socket_page.py", &[&hark.running.http_url()], &[]).await;
        let answer = hark.to(Method::GET, "/asyncapi.json").send().await.expect("Hark answers");
        let document: Value = answer.json().await.expect("JSON");
        assert_eq!(document, asyncapi::document());
        let messages = document["components"]["messages"].as_object().unwrap();
        assert_eq!(shown["frames"].as_object().unwrap().len(), messages.len());
        for (key, message) in messages {
            shows_the_frame(&shown["frames"][key], key, message);
            let replies = document["operations"][key]["reply"]["messages"].as_array().into_iter().flatten();
            let replies: Vec<String> =
                replies.map(|reply| link_to(reply["$ref"].as_str().unwrap())).collect();
            assert_eq!(shown["frames"][key]["replies"], json!(replies), "{key}");
        }
        let codes: Vec<&Value> =
            document["x-error-codes"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
        assert_eq!(shown["codes"], json!(codes));
        hark.stop().await;
    })
    .await;
}

/// Its examples, and every field that stands in one.
fn shows_the_frame(shown: &Value, key: &str, message: &Value) {
    let examples: Vec<&Value> =
        message["examples"].as_array().unwrap().iter().map(|example| &example["payload"]).collect();
    assert_eq!(shown["examples"], json!(examples), "{key}");
    let fields: BTreeSet<&str> =
        shown["fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
    assert_eq!(shown["fields"][0], "type", "{key}");
    assert_eq!(shown["values"][0], format!("{}", message["name"]), "{key}");
    for field in examples.iter().flat_map(|example| example.as_object().unwrap().keys()) {
        let is_ignored = key == "client.CHAT_MESSAGE" && field == "timestamp";
        assert!(is_ignored || fields.contains(field.as_str()), "{key} lacks {field}: {fields:?}");
    }
}

fn link_to(reference: &str) -> String {
    format!("#{}", reference.rsplit('/').next().unwrap())
}
