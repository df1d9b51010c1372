//! What clients see of an outage of each service, while they go on sending.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::AsyncCommands;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::grounds::{Grounds, Part, User};
use super::ledger::{Heard, Ledger};
use super::line::Line;
use super::{bound, is_full};

const SENDERS: usize = 5;
/// Longer than any send may take: the function's own timeout.
const REPLY_WITHIN: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);

/// A room with senders and a reader, all connected, and guests, who are not.
struct Stage {
    grounds: Grounds,
    room: i64,
    connected: Vec<User>,
    guests: [User; 2],
    lines: Vec<Arc<Line>>,
    reader: Arc<Heard>,
    _reading: Line,
}

/// A send and what came of it.
struct Outcome {
    id: String,
    began: Instant,
    took: Duration,
    /// None when nothing came.
    reply: Option<Value>,
}

/// Sends that go on until they are ended.
struct Traffic {
    ending: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Vec<Outcome>>,
}

impl Stage {
    async fn set() -> Self {
        let grounds = Grounds::start().await;
        let mut senders = grounds.users("sender", SENDERS).await;
        let mut readers = grounds.users("reader", 1).await;
        let guests = grounds.users("guest", 2).await;
        let members: Vec<_> = senders.iter().chain(&readers).chain(&guests).collect();
        let room = grounds.group(&members).await;
        let (address, reader) = (grounds.node.address(), Arc::<Heard>::default());
        let mut lines = Vec::new();
        for sender in &senders {
            lines.push(Arc::new(Line::insist(&address, &sender.token, &Arc::default()).await));
        }
        let reading = Line::insist(&address, &readers[0].token, &reader).await;
        senders.append(&mut readers);
        let guests = guests.try_into().unwrap_or_else(|_| unreachable!("two were made"));
        Self { grounds, room, connected: senders, guests, lines, reader, _reading: reading }
    }

    /// The socket of a guest, who sends nothing.
    async fn admit(&self, guest: &User) -> Line {
        Line::insist(&self.grounds.node.address(), &guest.token, &Arc::default()).await
    }

    /// Waits until all that can be asked of presence agrees with the sockets: of these users each has one, the
    /// guest who went has none.
    async fn presence_is_true(&self, open: &[&User], went: &User) {
        let mut redis = self.grounds.redis().await;
        let deadline = Instant::now() + PATIENCE;
        let expected: BTreeSet<i64> = open.iter().map(|user| user.id).collect();
        loop {
            let online: BTreeSet<i64> = redis.smembers("chat:online:users").await.expect("Redis answers");
            let routed = routed(&mut redis, self.room).await;
            if online == expected && routed == expected && self.all_are_shown(open, went).await {
                return;
            }
            assert!(Instant::now() < deadline, "{expected:?} are here, not {online:?} or {routed:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn all_are_shown(&self, open: &[&User], went: &User) -> bool {
        for user in open {
            if self.shown(user).await != ("online".to_owned(), 1) {
                return false;
            }
        }
        self.shown(went).await == ("offline".to_owned(), 0)
    }

    /// The word for somebody, and how many connections they have.
    async fn shown(&self, user: &User) -> (String, i64) {
        let url = self.grounds.url(&format!("/api/chat/online/status/{}", user.id));
        let answer = reqwest::Client::new().get(url).bearer_auth(&self.connected[0].token).send().await;
        let shown: Value = answer.expect("an answer").json().await.expect("JSON");
        (shown["status"].as_str().unwrap_or_default().to_owned(), shown["connections"].as_i64().unwrap_or(-1))
    }

    /// A hundred sends a second at full size, else twenty, whatever becomes of those before.
    fn traffic(&self, name: &'static str) -> Traffic {
        let (ending, ended) = tokio::sync::oneshot::channel();
        let (lines, room) = (self.lines.clone(), self.room);
        Traffic { ending, task: tokio::spawn(send_until(lines, room, name, ended)) }
    }

    /// How many outbox rows are open that were opened before a moment.
    async fn open_before(&self, moment: time::OffsetDateTime) -> i64 {
        let mut database = self.grounds.database().await;
        let count = sqlx::query_scalar("select count(*) from outbox where created_at < $1").bind(moment);
        count.fetch_one(&mut database).await.expect("a count")
    }

    /// Compares the promises with the store, and the store with what the reader has; answers when it had all.
    async fn settle(&self, ledger: &Ledger) -> Instant {
        let rows = ledger.compare(&mut self.grounds.database().await).await;
        let deadline = Instant::now() + PATIENCE;
        while self.reader.count(self.room) < rows {
            assert!(Instant::now() < deadline, "{} of {rows} came", self.reader.count(self.room));
            sleep(Duration::from_millis(20)).await;
        }
        self.reader.newest_at(self.room).expect("something came")
    }
}

/// Whose sockets a message to the room is posted to, as Redis has it.
async fn routed(redis: &mut redis::aio::MultiplexedConnection, room: i64) -> BTreeSet<i64> {
    let list: HashMap<String, String> =
        redis.hgetall(format!("hark:{{r:{room}}}:audience")).await.expect("Redis answers");
    let records = list.iter().filter(|(field, _)| !field.starts_with('#'));
    let user = |(_, record): (&String, &String)| record.split(' ').next()?.parse().ok();
    records.filter_map(user).collect()
}

impl Traffic {
    async fn end(self) -> Vec<Outcome> {
        let _ = self.ending.send(());
        self.task.await.expect("no sender panicked")
    }
}

async fn send_until(
    lines: Vec<Arc<Line>>,
    room: i64,
    name: &'static str,
    mut ended: tokio::sync::oneshot::Receiver<()>,
) -> Vec<Outcome> {
    let (mut sends, outcomes) = (JoinSet::new(), Arc::new(Mutex::new(Vec::new())));
    let mut ticks = interval(Duration::from_millis(if is_full() { 10 } else { 50 }));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0_usize.. {
        tokio::select! {
            _ = &mut ended => break,
            _ = ticks.tick() => {}
        }
        let (line, outcomes) = (lines[n % lines.len()].clone(), outcomes.clone());
        sends.spawn(async move {
            let (id, began) = (format!("{name}-{n}"), Instant::now());
            let frame = json!({"type": "message", "room_id": room, "id": id, "content": id});
            let reply = line.ask(&frame, REPLY_WITHIN).await;
            outcomes.lock().unwrap().push(Outcome { id, began, took: began.elapsed(), reply });
        });
    }
    while sends.join_next().await.is_some() {}
    std::mem::take(&mut *outcomes.lock().unwrap())
}

impl Outcome {
    fn code(&self) -> &str {
        let Some(reply) = &self.reply else { return "nothing" };
        if reply["type"] == "ack" { "ack" } else { reply["code"].as_str().unwrap_or("unknown") }
    }

    /// Whether it was under way only within a span.
    fn is_within(&self, from: Instant, until: Instant) -> bool {
        self.began > from && self.began + self.took < until
    }
}

/// Puts down all that was promised; answers how many sends ended so.
fn book(ledger: &Ledger, outcomes: &[Outcome]) -> usize {
    for outcome in outcomes {
        let Some(reply) = &outcome.reply else { continue };
        if outcome.code() == "ack" || reply["persisted"] == true {
            ledger.promised(&outcome.id, reply);
        }
    }
    ledger.len()
}

fn slowest<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Duration {
    outcomes.into_iter().map(|outcome| outcome.took).max().unwrap_or_default()
}

fn away_for(full: u64) -> Duration {
    if is_full() { Duration::from_secs(full) } else { Duration::from_millis(full * 100) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_messages_are_stored_and_delivered_when_it_is_back() {
    let mut stage = Stage::set().await;
    let going = stage.admit(&stage.guests[1]).await;
    let traffic = stage.traffic("redis");
    sleep(Duration::from_secs(1)).await;
    stage.grounds.kill(Part::Redis).await;
    let gone = Instant::now();
    drop(going);
    let _coming = stage.admit(&stage.guests[0]).await;
    sleep(away_for(30)).await;
    let returning = Instant::now();
    stage.grounds.restart(Part::Redis).await;
    let back = Instant::now();
    let [came, went] = &stage.guests;
    let open: Vec<&User> = stage.connected.iter().chain([came]).collect();
    stage.presence_is_true(&open, went).await;
    let known = back.elapsed();
    sleep(Duration::from_secs(1)).await;
    let outcomes = traffic.end().await;

    let ledger = Ledger::default();
    book(&ledger, &outcomes);
    let during: Vec<&Outcome> = outcomes.iter().filter(|sent| sent.is_within(gone, returning)).collect();
    assert!(!during.is_empty());
    for sent in &during {
        assert_eq!(sent.code(), "not_broadcast", "{:?}", sent.reply);
        assert_eq!(sent.reply.as_ref().unwrap()["persisted"], true);
    }
    stage.settle(&ledger).await;
    let came = |sent: &&Outcome| {
        let seq = sent.reply.as_ref().unwrap()["seq"].as_i64().unwrap();
        stage.reader.came_at(stage.room, seq).expect("it came")
    };
    let last = during.iter().map(came).max().unwrap();
    let took = last.saturating_duration_since(back);
    println!(
        "Redis away: {} sends not broadcast, the last delivered {took:?} after its return; presence is true \
         after {known:?}",
        during.len()
    );
    assert!(took < bound(Duration::from_secs(2)), "{took:?}");
    assert!(known < bound(Duration::from_secs(5)), "{known:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rabbitmq_clients_notice_nothing_and_the_outbox_drains_when_it_is_back() {
    let mut stage = Stage::set().await;
    let node = stage.grounds.node.pid();
    let traffic = stage.traffic("rabbitmq");
    sleep(Duration::from_secs(1)).await;
    stage.grounds.kill(Part::RabbitMq).await;
    let gone = Instant::now();
    sleep(away_for(60)).await;
    stage.grounds.restart(Part::RabbitMq).await;
    let (back, moment) = (Instant::now(), time::OffsetDateTime::now_utc());
    let waiting = stage.open_before(moment).await;
    while stage.open_before(moment).await > 0 {
        assert!(back.elapsed() < PATIENCE, "{} rows stay open", stage.open_before(moment).await);
        sleep(Duration::from_millis(50)).await;
    }
    let drained = back.elapsed();
    let outcomes = traffic.end().await;

    let ledger = Ledger::default();
    let noticed: Vec<_> =
        outcomes.iter().filter(|sent| sent.code() != "ack").map(|sent| &sent.reply).collect();
    assert!(noticed.is_empty(), "clients notice {noticed:?}");
    assert_eq!(book(&ledger, &outcomes), outcomes.len());
    let during: Vec<&Outcome> = outcomes.iter().filter(|sent| sent.is_within(gone, back)).collect();
    let slowest = slowest(during.iter().copied());
    println!(
        "RabbitMQ away: {} sends, the slowest {slowest:?}; {waiting} rows drained in {drained:?}",
        during.len()
    );
    stage.settle(&ledger).await;
    assert!(drained < bound(Duration::from_secs(5)), "{drained:?}");
    assert!(stage.grounds.node.is_alive() && stage.grounds.node.pid() == node, "no process restarted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgres_nothing_is_acknowledged_and_nothing_hangs() {
    let mut stage = Stage::set().await;
    let traffic = stage.traffic("postgres");
    sleep(Duration::from_secs(1)).await;
    stage.grounds.kill(Part::Postgres).await;
    let gone = Instant::now();
    sleep(away_for(30)).await;
    let returning = Instant::now();
    stage.grounds.restart(Part::Postgres).await;
    let back = Instant::now();
    sleep(bound(Duration::from_secs(2)).min(Duration::from_secs(5))).await;
    let outcomes = traffic.end().await;

    let ledger = Ledger::default();
    book(&ledger, &outcomes);
    let during: Vec<&Outcome> = outcomes.iter().filter(|sent| sent.is_within(gone, returning)).collect();
    assert!(!during.is_empty());
    assert!(during.iter().all(|sent| sent.code() == "unavailable"), "no false ack");
    assert!(outcomes.iter().all(|sent| sent.reply.is_some()), "nothing hangs");
    let slowest = slowest(during.iter().copied());
    let first = outcomes.iter().filter(|sent| sent.began > returning && sent.code() == "ack");
    let healthy = first.map(|sent| sent.began + sent.took).min().expect("it is back");
    let healthy = healthy.saturating_duration_since(back);
    println!(
        "Postgres away: {} refused, the slowest after {slowest:?}; healthy after {healthy:?}",
        during.len()
    );
    stage.settle(&ledger).await;
    assert!(slowest < bound(Duration::from_secs(1)), "{slowest:?}");
    assert!(healthy < bound(Duration::from_secs(2)), "{healthy:?}");
}
