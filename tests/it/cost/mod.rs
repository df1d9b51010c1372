//! What one send costs, counted where the cost arises: on Redis, Postgres, RabbitMQ and at the sockets.

mod bare;
mod meter;
mod own_redis;

use deliver::handle;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use shared::identity::Caller;
use shared::model::Role;
use shared::mq_event::{BasicProperties, RabbitMqEvent, RabbitMqMessage};
use shared::ports::QUEUE_MESSAGES;

use crate::hark::{Client, Hark, Socket, World, eventually, on_both, on_services};
use meter::{Cost, Meters};
pub use own_redis::OwnRedis;

const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Handshakes at once.
const CONNECTING: usize = 16;

/// A room whose members are all here, each by one socket; the first is who sends.
struct Crowd {
    room: i64,
    sender: Socket,
    others: Vec<Socket>,
}

impl Crowd {
    async fn gather(hark: &Hark, size: usize) -> Self {
        let users = hark.users("user", size).await;
        let members: Vec<&Client> = users[1..].iter().collect();
        let room = hark.group(&users[0], &members).await;
        let sockets = stream::iter(&users).map(|user| hark.connect(user)).buffered(CONNECTING);
        let mut sockets: Vec<Socket> = sockets.collect().await;
        Self { room, sender: sockets.remove(0), others: sockets }
    }

    /// Sends, and answers the ack.
    async fn send(&mut self) -> Value {
        self.sender.say(self.room, "to all").await
    }

    /// Waits until everyone has the message of `ack`, as their next one.
    async fn all_get(&mut self, ack: &Value) {
        for socket in &mut self.others {
            assert_eq!(socket.next_of("message").await["message_id"], ack["message_id"]);
        }
    }
}

fn posts(hark: &Hark) -> u64 {
    hark.running.sockets().counters().posts
}

async fn a_send_to_a_large_room_reaches_all_once(world: &World) {
    let size = if world.is_real() { 300 } else { 1000 };
    let hark = world.start().await;
    let mut crowd = Crowd::gather(&hark, size).await;
    for _ in 0..3 {
        let before = posts(&hark);
        let ack = crowd.send().await;
        crowd.all_get(&ack).await;
        // Everyone has it, so a post more than there are others would be somebody's second.
        eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
        assert_eq!(posts(&hark) - before, size as u64 - 1);
    }
    hark.stop().await;
}

on_both! {
    a_send_to_a_large_room_reaches_all_once,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_to_ten_is_two_trips_one_statement_one_commit_one_publish_and_a_post_each() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let mut crowd = Crowd::gather(&hark, 10).await;
        let mut meters = Meters::new(world, &redis).await;
        // The first builds the room's list of connections.
        let first = crowd.send().await;
        crowd.all_get(&first).await;

        let before = posts(&hark);
        let (ack, cost) = meters.of(crowd.send()).await;
        of_one_send(&cost);
        assert_eq!(cost.published_to(), ["chat.messages"]);
        assert_eq!(posts(&hark) - before, 9);
        crowd.all_get(&ack).await;
        assert_eq!(meters.postgres.commits(async || drop(crowd.send().await)).await, 1);

        let (_, cost) = meters.of(deliver(&hark, QUEUE_MESSAGES, &cost)).await;
        of_one_settlement(&cost);
        assert!(cost.published.is_empty());
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_to_300_costs_the_same_and_its_chunks_and_a_post_each() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let mut crowd = Crowd::gather(&hark, 300).await;
        let mut meters = Meters::new(world, &redis).await;
        crowd.send().await;

        let before = posts(&hark);
        let (ack, cost) = meters.of(crowd.send()).await;
        of_one_send(&cost);
        assert_eq!(cost.published_to(), ["chat.fanout.", "chat.fanout.", "chat.fanout.", "chat.messages"]);
        assert_eq!(posts(&hark) - before, 0, "all of it is left to the chunks");
        assert_eq!(meters.postgres.commits(async || drop(crowd.send().await)).await, 1);

        let (_, chunks) = meters.of(deliver(&hark, "chat.fanout.", &cost)).await;
        assert_eq!(posts(&hark) - before, 299);
        assert_eq!((chunks.redis_trips, chunks.statements.len(), chunks.published.len()), (0, 0, 0));
        crowd.all_get(&ack).await;
        let (_, cost) = meters.of(deliver(&hark, QUEUE_MESSAGES, &cost)).await;
        of_one_settlement(&cost);
        assert_eq!(posts(&hark) - before, 299, "settling posts to nobody");
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_deliveries_is_settled_by_one_statement() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let mut crowd = Crowd::gather(&hark, 10).await;
        let mut meters = Meters::new(world, &redis).await;
        let sending = async {
            for _ in 0..5 {
                crowd.send().await;
            }
        };
        let ((), sent) = meters.of(sending).await;
        assert_eq!(hark.running.app().outbox.backlog().await.unwrap().0, 5);
        let (_, cost) = meters.of(deliver(&hark, QUEUE_MESSAGES, &sent)).await;
        of_one_settlement(&cost);
        assert_eq!(hark.running.app().outbox.backlog().await.unwrap().0, 0);
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resume_of_50_rooms_is_one_statement() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
        let mut rooms = serde_json::Map::new();
        for _ in 0..50 {
            let room = hark.group(&ann, &[&bob]).await;
            anns.say(room, "to all").await;
            rooms.insert(room.to_string(), json!(0));
        }
        let mut meters = Meters::new(world, &redis).await;
        let (resumed, cost) = meters.of(bobs.ask(&json!({"type": "resume", "rooms": rooms}))).await;
        assert_eq!(resumed["messages"].as_array().map(Vec::len), Some(50), "{resumed}");
        assert_eq!((cost.redis_trips, cost.published.len()), (1, 0));
        assert_eq!(cost.statements.len(), 1, "{:?}", cost.statements);
        assert!(cost.statements[0].contains("left join entries"), "{:?}", cost.statements);
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_costs_what_a_send_does() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let mut crowd = Crowd::gather(&hark, 10).await;
        let said = crowd.send().await;
        let mut meters = Meters::new(world, &redis).await;
        let before = posts(&hark);
        let edit = json!({"type": "edit", "message_id": said["message_id"], "content": "changed"});
        let (ack, cost) = meters.of(crowd.sender.ask(&edit)).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        of_one_send(&cost);
        assert_eq!((cost.published_to(), posts(&hark) - before), (vec!["chat.messages"], 9));
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_pushes_are_configured_a_batch_takes_one_statement_more_and_a_send_none() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let webhook = [("PUSH_WEBHOOK_URL", "http://127.0.0.1:1/"), ("PUSH_WEBHOOK_SECRET", WEBHOOK_SECRET)];
        let hark = bare::start_with(world, &redis, &webhook).await;
        let mut crowd = Crowd::gather(&hark, 10).await;
        let mut meters = Meters::new(world, &redis).await;
        crowd.send().await;
        let (_, sent) = meters.of(crowd.send()).await;
        of_one_send(&sent);
        let (_, cost) = meters.of(deliver(&hark, QUEUE_MESSAGES, &sent)).await;
        assert_eq!(cost.redis_trips, 1);
        assert_eq!(cost.statements.len(), 2, "{:?}", cost.statements);
        for what in ["insert into push_pending", "delete from outbox"] {
            assert!(cost.statements.iter().any(|statement| statement.contains(what)), "{what}");
        }
        assert!(cost.published.is_empty(), "everyone is here");
        hark.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_shows_a_key_is_known_by_one_statement() {
    on_services(async |world: &World| {
        let redis = OwnRedis::start().await;
        let hark = bare::start(world, &redis).await;
        let root = hark.user_as("root", Role::Admin).await;
        let account = json!({"username": "ops"});
        hark.post(&root, "/api/v1/service-accounts", &account).await.expect(201);
        let key = json!({"name": "nightly", "permissions": ["events.view"]});
        let made = hark.post(&root, "/api/v1/service-accounts/ops/keys", &key).await.expect(201);
        let key = made["key"].as_str().unwrap();
        let mut meters = Meters::new(world, &redis).await;
        // The first use is noted, the second is within its minute.
        for _ in 0..2 {
            let (caller, cost) = meters.of(Caller::from_bearer(hark.running.app(), key)).await;
            assert_eq!(caller.unwrap().username, "ops");
            assert_eq!((cost.redis_trips, cost.published.len()), (0, 0));
            assert_eq!(cost.statements.len(), 1, "{:?}", cost.statements);
            assert!(cost.statements[0].contains("update api_keys"), "{:?}", cost.statements);
        }
        hark.stop().await;
    })
    .await;
}

/// Of the sender's own function, whatever the size of the room: the limit and the recipients from Redis,
/// and one statement of Postgres, which without `begin` is a commit by itself.
fn of_one_send(cost: &Cost) {
    assert_eq!(cost.redis_trips, 2);
    assert_eq!(cost.statements.len(), 1, "{:?}", cost.statements);
    assert!(cost.statements[0].contains("insert into messages"), "{:?}", cost.statements);
}

/// Of `deliver`, whatever the size of the batch: the copies in Redis, and the deletion of the outbox rows.
fn of_one_settlement(cost: &Cost) {
    assert_eq!(cost.redis_trips, 1);
    assert_eq!(cost.statements.len(), 1, "{:?}", cost.statements);
    assert!(cost.statements[0].contains("delete from outbox"), "{:?}", cost.statements);
}

/// Hands what was published under `key` to `deliver`, as the event source would: in one batch.
async fn deliver(hark: &Hark, key: &str, sent: &Cost) {
    let of_key = sent.published.iter().filter(|(routing, _)| routing.starts_with(key));
    let messages: Vec<_> =
        of_key.map(|(_, body)| RabbitMqMessage::new(BasicProperties::default(), false, body)).collect();
    assert!(!messages.is_empty(), "there is something to deliver");
    let event = RabbitMqEvent::of_queue(key, "/", "arn:aws:mq:test", messages);
    handle(hark.running.app(), event).await.unwrap();
}
