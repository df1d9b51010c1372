//! Every service and the runner are killed at random, again and again: nothing that was acknowledged is
//! lost, nothing is stored twice, and every reader ends with the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::grounds::{Grounds, Part, User};
use super::ledger::{Heard, Ledger};
use super::line::Line;
use super::{chance, is_full, scaled};

const MESSAGES: u32 = 20_000;
const KILLS_EACH: usize = 5;
const ROOMS: usize = 4;
const SENDERS_EACH: usize = 2;
/// Between two sends of one sender, at the most.
const PAUSE_MAX_MS: u64 = 80;
/// So long that what was missed in a second or two is more than one `resumed` holds.
const CONTENT_CHARS: usize = 2_000;
/// How long a reader stays and is away, at the most.
const STAY_MAX_MS: u64 = 4_000;
const AWAY_MAX_MS: u64 = 3_000;
const REPLY_WITHIN: Duration = Duration::from_secs(5);
/// Until what was lost underway has been swept and delivered: ten seconds, the next upkeep, and some more.
const PATIENCE: Duration = Duration::from_secs(150);

/// What senders and readers share.
struct Field {
    address: String,
    is_over: AtomicBool,
    ledger: Ledger,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_every_kill() {
    let mut chance = chance("what_is_acknowledged_outlives_every_kill");
    let mut grounds = Grounds::start().await;
    let senders = grounds.users("sender", ROOMS * SENDERS_EACH).await;
    let readers = grounds.users("reader", ROOMS).await;
    let field =
        Field { address: grounds.node.address(), is_over: AtomicBool::new(false), ledger: Ledger::default() };
    let (field, mut sending, mut reading) = (Arc::new(field), JoinSet::new(), JoinSet::new());
    let mut heard = HashMap::new();
    for (senders, reader) in senders.chunks(SENDERS_EACH).zip(&readers) {
        let members: Vec<&User> = senders.iter().chain([reader]).collect();
        let room = grounds.group(&members).await;
        let hears = heard.entry(room).or_insert_with(|| (reader, Arc::<Heard>::default())).1.clone();
        let whims = StdRng::from_rng(&mut chance);
        reading.spawn(read(field.clone(), reader.token.clone(), room, hears, whims));
        for sender in senders {
            let pace = chance.random_range(PAUSE_MAX_MS / 2..=PAUSE_MAX_MS);
            sending.spawn(send(field.clone(), sender.id, sender.token.clone(), room, pace));
        }
    }

    let began = Instant::now();
    let kills = kill_all(&mut grounds, &mut chance).await;
    while field.ledger.len() < scaled(MESSAGES) as usize {
        assert!(sending.len() == ROOMS * SENDERS_EACH, "a sender ended early");
        sleep(Duration::from_millis(50)).await;
    }
    field.is_over.store(true, Ordering::SeqCst);
    while let Some(ended) = sending.join_next().await {
        ended.expect("no sender panicked");
    }

    let (acknowledged, ended) = (field.ledger.len(), Instant::now());
    let rows = field.ledger.compare(&mut grounds.database().await).await;
    assert_eq!(rows, acknowledged, "senders insist until they know, so nothing else is stored");
    let deadline = Instant::now() + PATIENCE;
    for (room, (reader, heard)) in &heard {
        let stored = stored(&grounds, *room).await;
        while heard.count(*room) < stored.len() {
            let (have, all) = (heard.count(*room), stored.len());
            assert!(Instant::now() < deadline, "the reader of {room} has {have} of {all}");
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(heard.list(*room), stored, "the reader of {room} shows the log");
        assert_eq!(on_a_new_device(&field, reader, *room).await, stored, "all of {room} comes by `resume`");
    }
    let repeats: usize = heard.values().map(|(_, heard)| heard.repeats()).sum();
    let (ran, late) = (ended - began, ended.elapsed());
    println!(
        "{acknowledged} acknowledged in {ran:?}, {kills} kills; readers whole {late:?} later, {repeats} repeats"
    );
    reading.shutdown().await;
}

/// Kills each part so many times in random order, at random moments, for a random while.
async fn kill_all(grounds: &mut Grounds, chance: &mut StdRng) -> usize {
    let rounds = if is_full() { KILLS_EACH } else { 1 };
    let mut parts: Vec<Part> = std::iter::repeat_n(Part::ALL, rounds).flatten().collect();
    parts.shuffle(chance);
    for part in &parts {
        sleep(Duration::from_millis(chance.random_range(500..1_500))).await;
        grounds.kill(*part).await;
        sleep(Duration::from_millis(chance.random_range(0..1_500))).await;
        grounds.restart(*part).await;
    }
    parts.len()
}

/// Sends one message after another, each until it is known to be stored.
async fn send(field: Arc<Field>, sender: i64, token: String, room: i64, pace_ms: u64) {
    let mut line = Line::insist(&field.address, &token, &Arc::default()).await;
    for n in 0_u32.. {
        let id = format!("{sender}-{n}");
        let content = format!("{n:x>CONTENT_CHARS$}");
        let frame = json!({"type": "message", "room_id": room, "id": id, "content": content});
        loop {
            match line.ask(&frame, REPLY_WITHIN).await {
                Some(reply) if is_promise(&reply) => break field.ledger.promised(&id, &reply),
                Some(reply) => assert!(may_be_repeated(&reply), "{reply}"),
                None => line = Line::insist(&field.address, &token, &Arc::default()).await,
            }
            sleep(Duration::from_millis(50)).await;
        }
        if field.is_over.load(Ordering::SeqCst) {
            return;
        }
        sleep(Duration::from_millis(pace_ms)).await;
    }
}

fn is_promise(reply: &Value) -> bool {
    reply["type"] == "ack" || reply["persisted"] == true
}

fn may_be_repeated(reply: &Value) -> bool {
    reply["code"] == "unavailable" || reply["code"] == "internal"
}

/// Listens, leaves now and then, and resumes on every new socket, whoever cut the one before.
async fn read(field: Arc<Field>, token: String, room: i64, heard: Arc<Heard>, mut whims: StdRng) {
    let mut epoch = None;
    loop {
        let line = Line::insist(&field.address, &token, &heard).await;
        let leaves_at = Instant::now() + Duration::from_millis(whims.random_range(0..STAY_MAX_MS));
        while !line.is_cut() && catch_up(&line, room, &heard, &mut epoch).await.is_none() {
            sleep(Duration::from_millis(100)).await;
        }
        while !line.is_cut() && (field.is_over.load(Ordering::SeqCst) || Instant::now() < leaves_at) {
            sleep(Duration::from_millis(20)).await;
        }
        drop(line);
        sleep(Duration::from_millis(whims.random_range(0..AWAY_MAX_MS))).await;
    }
}

/// Takes in what came since the log was whole, answer by answer, and answers how many there were; None when it
/// couldn't be read to its end.
async fn catch_up(line: &Line, room: i64, heard: &Heard, epoch: &mut Option<Value>) -> Option<u32> {
    let mut from = json!({room.to_string(): heard.whole_up_to(room)});
    for answers in 1.. {
        let frame =
            json!({"type": "resume", "id": format!("resume {answers}"), "rooms": from, "epoch": epoch});
        let resumed = line.ask(&frame, REPLY_WITHIN).await?;
        if resumed["type"] == "error" {
            assert!(may_be_repeated(&resumed), "{resumed}");
            return None;
        }
        assert_eq!(resumed["gaps"], json!([]), "nothing was removed, and the database is the same");
        for entry in resumed["messages"].as_array().expect("entries") {
            heard.note(entry, Instant::now());
        }
        *epoch = Some(resumed["epoch"].clone());
        if resumed["more"] == false {
            return Some(answers);
        }
        from = resumed["next"].clone();
    }
    None
}

/// What somebody sees who had nothing before.
async fn on_a_new_device(field: &Field, reader: &User, room: i64) -> Vec<String> {
    let heard = Arc::<Heard>::default();
    let line = Line::insist(&field.address, &reader.token, &heard).await;
    let answers = catch_up(&line, room, &heard, &mut None).await.expect("everything is up again");
    assert!(answers > 1, "so much is not one answer");
    heard.list(room)
}

async fn stored(grounds: &Grounds, room: i64) -> Vec<String> {
    let ids = sqlx::query_scalar("select id::text from messages where room_id = $1 order by seq").bind(room);
    ids.fetch_all(&mut grounds.database().await).await.expect("the ids")
}
