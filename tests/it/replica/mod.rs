//! A replica of Postgres answers what may be a moment old, and nobody notices when it is behind or away.

mod pair;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::{Value, json};
use shared::model::Role;
use tokio::join;

use crate::hark::{Client, Hark, eventually};
use pair::{Pair, on_pair};

/// Words of the statements that read history, search and the figures of days.
const STATEMENTS: [&str; 3] = ["-- A page of a room's log", "of tsquery $3", "from statistics_hours"];

async fn say(hark: &Hark, by: &Client, room: i64, content: &str) -> String {
    let path = format!("/api/v1/rooms/{room}/messages");
    let said = hark.post(by, &path, &json!({"content": content})).await.expect(201);
    said["message_id"].as_str().expect("an id").to_owned()
}

/// One who said something alone in a room, and an admin.
async fn one_plum(hark: &Hark) -> (Client, Client, i64) {
    let (ann, sue) = (hark.user("ann").await, hark.user_as("sue", Role::Admin).await);
    let room = hark.group(&ann, &[]).await;
    say(hark, &ann, room, "a plum").await;
    (ann, sue, room)
}

fn contents(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["content"].as_str().expect("a content")).collect()
}

async fn log(hark: &Hark, by: &Client, room: i64) -> Value {
    hark.get(by, &format!("/api/v1/rooms/{room}/messages")).await.expect(200)
}

async fn found(hark: &Hark, by: &Client) -> Value {
    hark.get(by, "/api/v1/messages/search?q=plum").await.expect(200)
}

/// Of a day in January, for nobody asked for it before: figures are kept for a while.
async fn figures(hark: &Hark, by: &Client, day: u32) {
    let day = format!("2026-01-0{day}");
    hark.get(by, &format!("/api/chatstatistics/range?startDate={day}&endDate={day}")).await.expect(200);
}

async fn asked(pair: &Pair) -> Vec<i64> {
    let mut asked = Vec::new();
    for words in STATEMENTS {
        asked.push(pair.asked(words).await);
    }
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_search_and_figures_are_read_from_the_replica() {
    on_pair(async |pair: &Pair, hark: &Hark| {
        let (ann, sue, room) = one_plum(hark).await;
        pair.catch_up().await;
        let before = asked(pair).await;
        assert_eq!(contents(&log(hark, &ann, room).await), ["a plum"]);
        assert_eq!(contents(&found(hark, &ann).await), ["a plum"]);
        figures(hark, &sue, 1).await;
        let more = asked(pair).await.iter().zip(before).map(|(now, before)| now - before).collect::<Vec<_>>();
        assert_eq!(more, [1, 1, 1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_behind_hides_nothing_that_was_said_and_shows_nothing_that_was_taken_back() {
    on_pair(async |pair: &Pair, hark: &Hark| {
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        let mut ids = Vec::new();
        for content in ["first plum", "second plum", "third plum"] {
            ids.push(say(hark, &ann, room, content).await);
        }
        pair.catch_up().await;
        pair.stand_still().await;

        let message = |id: &str| format!("/api/v1/rooms/{room}/messages/{id}");
        hark.request(http::Method::DELETE, &message(&ids[0]), &ann.token, None).await.expect(200);
        let edit = json!({"content": "second plum, ripe"});
        hark.request(http::Method::PATCH, &message(&ids[1]), &ann.token, Some(&edit)).await.expect(200);
        say(hark, &ann, room, "fourth plum").await;

        let shown = log(hark, &bob, room).await;
        assert_eq!(contents(&shown)[1..], ["second plum, ripe", "third plum", "fourth plum"], "what is true");
        // The fourth is found once the replica has it; what was taken back is not, and the edit is.
        assert_eq!(contents(&found(hark, &bob).await), ["third plum", "second plum, ripe"]);

        let leave = format!("/api/v1/rooms/{room}/members/{}", bob.id);
        hark.request(http::Method::DELETE, &leave, &ann.token, None).await.expect(204);
        assert!(contents(&found(hark, &bob).await).is_empty(), "who was sent away finds nothing");

        pair.go_on().await;
        let all = found(hark, &ann).await;
        assert_eq!(contents(&all), ["fourth plum", "third plum", "second plum, ripe"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_another_database_is_not_asked() {
    on_pair(async |pair: &Pair, hark: &Hark| {
        let ann = hark.user("ann").await;
        let room = hark.group(&ann, &[]).await;
        say(hark, &ann, room, "first plum").await;
        pair.catch_up().await;
        pair.stand_still().await;
        pair.make_another().await;
        say(hark, &ann, room, "second plum").await;
        assert_eq!(contents(&found(hark, &ann).await), ["second plum", "first plum"]);
        assert_eq!(pair.asked(STATEMENTS[1]).await, 0);

        pair.go_on().await;
        eventually(async || {
            found(hark, &ann).await;
            pair.asked(STATEMENTS[1]).await > 0
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_away_or_silent_is_not_missed_and_is_asked_again_when_it_is_back() {
    on_pair(async |pair: &Pair, hark: &Hark| {
        let (ann, sue, room) = one_plum(hark).await;
        let is_served = async || {
            assert_eq!(contents(&log(hark, &ann, room).await), ["a plum"]);
            assert_eq!(contents(&found(hark, &ann).await), ["a plum"]);
        };
        is_served().await;
        pair.way.go_away();
        is_served().await;
        figures(hark, &sue, 1).await;
        pair.way.hold();
        let was_held = AtomicBool::new(false);
        let holding = async {
            eventually(async || pair.way.taken() > 0).await;
            was_held.store(true, Relaxed);
        };
        let asking = async {
            while !was_held.load(Relaxed) {
                is_served().await;
            }
        };
        join!(holding, asking);
        figures(hark, &sue, 2).await;

        pair.way.come_back();
        pair.catch_up().await;
        let before = asked(pair).await;
        eventually(async || {
            is_served().await;
            asked(pair).await.iter().zip(&before).filter(|(now, before)| now > before).count() == 2
        })
        .await;
    })
    .await;
}
