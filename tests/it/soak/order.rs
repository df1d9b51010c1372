//! One order in each room, however many send at once and however often they repeat themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rand::Rng;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ledger::Heard;
use super::line::Line;
use super::{chance, scaled};
use crate::hark::{Client, Hark, World, answer, on_both};

const SENDERS: usize = 64;
const ROOMS: usize = 8;
const REPEATS: usize = 3;
const MESSAGES_EACH: u32 = 500;
const CONFLICTS: u32 = 1_000;
/// Conflicting sends in the air at once.
const CONFLICTS_AT_ONCE: u32 = 20;
/// Each waits for as long as a statement may take.
const RETRIES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(120);

on_both! {
    every_reader_ends_with_the_same_list,
    the_same_id_with_another_body_is_always_a_conflict,
}

/// One send with all its repeats: where it stands, and when it was under way.
struct Sent {
    room: i64,
    seq: i64,
    began: Instant,
    acknowledged: Instant,
}

async fn every_reader_ends_with_the_same_list(world: &World) {
    let hark = world.start().await;
    let mut chance = chance("every_reader_ends_with_the_same_list");
    let senders = hark.users("sender", SENDERS).await;
    let readers = hark.users("reader", 2).await;
    let members: Vec<&Client> = senders.iter().chain(&readers).collect();
    let mut rooms = Vec::new();
    for _ in 0..ROOMS {
        rooms.push(hark.group(&senders[0], &members[1..]).await);
    }
    let heard: Vec<Arc<Heard>> = readers.iter().map(|_| Arc::default()).collect();
    let address = hark.running.address().to_string();
    let opening =
        readers.iter().zip(&heard).map(|(reader, heard)| Line::insist(&address, &reader.token, heard));
    let lines = join_all(opening).await;

    let began = Instant::now();
    let each = scaled(MESSAGES_EACH);
    let plans = senders.iter().map(|_| (0..each).map(|_| rooms[chance.random_range(0..ROOMS)]).collect());
    let plans: Vec<Vec<i64>> = plans.collect();
    let sending = senders.iter().zip(&plans).map(|(sender, plan)| send_all(&hark, sender, plan));
    let sent: Vec<Sent> = join_all(sending).await.into_iter().flatten().collect();

    let took = began.elapsed();
    assert_eq!(sent.len(), SENDERS * each as usize);
    println!("{} messages, {REPEATS} times each, in {took:?}", sent.len());
    for room in rooms {
        let sent: Vec<&Sent> = sent.iter().filter(|sent| sent.room == room).collect();
        without_a_gap(&sent);
        later_is_behind(&sent);
        let log = history(&hark, &readers[0], room).await;
        assert_eq!(log.len(), sent.len(), "every message is stored once");
        for heard in &heard {
            wait_for(|| heard.count(room) >= log.len()).await;
            assert_eq!(heard.list(room), log, "a reader shows the log");
        }
    }
    drop(lines);
    hark.stop().await;
}

/// One after another, each `REPEATS` times at once.
async fn send_all(hark: &Hark, sender: &Client, plan: &[i64]) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(plan.len());
    for (n, room) in plan.iter().enumerate() {
        let began = Instant::now();
        let repeats = (0..REPEATS).map(|_| async {
            let body = json!({"content": format!("message {n}"), "id": format!("m{n}")});
            let ack = send(hark, sender, *room, &body).await;
            (ack, Instant::now())
        });
        let acks = join_all(repeats).await;
        let (first, acknowledged) = acks.iter().min_by_key(|(_, at)| *at).expect("there are repeats");
        assert!(acks.iter().all(|(ack, _)| ack == first), "every repeat has the same answer: {acks:?}");
        let seq = first["seq"].as_i64().expect("a seq");
        sent.push(Sent { room: *room, seq, began, acknowledged: *acknowledged });
    }
    sent
}

/// As a client does it: what a busy machine could not store in time is sent again, under the same id.
async fn send(hark: &Hark, sender: &Client, room: i64, body: &Value) -> Value {
    let path = format!("/api/v1/rooms/{room}/messages");
    for _ in 0..RETRIES {
        let answer = hark.post(sender, &path, body).await;
        if answer.status != 503 || answer.body["error"]["code"] != "unavailable" {
            return answer.expect(201);
        }
    }
    hark.post(sender, &path, body).await.expect(201)
}

fn without_a_gap(sent: &[&Sent]) {
    let mut seqs: Vec<i64> = sent.iter().map(|sent| sent.seq).collect();
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=i64::try_from(sent.len()).unwrap()), "1, 2, 3 ... without a gap");
}

/// A send that began after another's ack is behind it.
fn later_is_behind(sent: &[&Sent]) {
    let mut by_ack: Vec<&Sent> = sent.to_vec();
    by_ack.sort_by_key(|sent| sent.acknowledged);
    let mut by_begin: Vec<&Sent> = sent.to_vec();
    by_begin.sort_by_key(|sent| sent.began);
    let (mut acknowledged, mut highest) = (by_ack.into_iter().peekable(), 0);
    for later in by_begin {
        while let Some(earlier) = acknowledged.next_if(|earlier| earlier.acknowledged < later.began) {
            highest = highest.max(earlier.seq);
        }
        assert!(later.seq > highest, "{} began after {highest} was acknowledged", later.seq);
    }
}

/// The ids of a room's messages in order, as the store gives them.
async fn history(hark: &Hark, reader: &Client, room: i64) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/api/v1/rooms/{room}/messages?after={after}&limit=100");
        let page = hark.get(reader, &path).await.expect(200);
        let messages = page["messages"].as_array().expect("messages");
        let Some(last) = messages.last() else { return ids };
        after = last["seq"].as_i64().expect("a seq");
        ids.extend(messages.iter().map(|message| message["message_id"].as_str().unwrap().to_owned()));
    }
}

async fn wait_for(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to hold");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn the_same_id_with_another_body_is_always_a_conflict(world: &World) {
    let hark = world.start().await;
    let mut chance = chance("the_same_id_with_another_body_is_always_a_conflict");
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let count = scaled(CONFLICTS);
    for n in 0..count {
        send(&hark, &ann, room, &json!({"content": format!("message {n}"), "id": format!("m{n}")})).await;
    }
    let seen = history(&hark, &ann, room).await;
    let last_seq = hark.standing(room).await.last_seq;

    let mut refused: HashMap<String, u32> = HashMap::new();
    for first in (0..count).step_by(CONFLICTS_AT_ONCE as usize) {
        let batch: Vec<Value> = (first..first + CONFLICTS_AT_ONCE).map(|n| another(n, &mut chance)).collect();
        for code in conflicts(&hark, &ann, room, &batch).await {
            *refused.entry(code).or_default() += 1;
        }
    }

    assert_eq!(refused, HashMap::from([("409 conflict".to_owned(), count)]));
    assert_eq!(hark.standing(room).await.last_seq, last_seq, "no seq was taken");
    assert_eq!(history(&hark, &ann, room).await, seen, "nothing was written");
    println!("{count} of {count} refused");
    hark.stop().await;
}

/// The body of the `n`th message with something else in it, whatever it is.
fn another(n: u32, chance: &mut StdRng) -> Value {
    let (id, same) = (format!("m{n}"), format!("message {n}"));
    match chance.random_range(0..3) {
        0 => json!({"id": id, "content": format!("other {n}")}),
        1 => json!({"id": id, "content": same, "kind": "image"}),
        _ => json!({"id": id, "content": same, "metadata": {"n": n}}),
    }
}

async fn conflicts(hark: &Hark, ann: &Client, room: i64, bodies: &[Value]) -> Vec<String> {
    let path = format!("/api/v1/rooms/{room}/messages");
    let sends = bodies.iter().map(|body| async {
        let request = hark.to(Method::POST, &path).bearer_auth(&ann.token).json(body);
        let refused = answer(request).await;
        let code = refused.body["error"]["code"].as_str().unwrap_or("none").to_owned();
        format!("{} {code}", refused.status)
    });
    join_all(sends).await
}
