//! What people and tools find beside Hark: keys of Redis with their lifetimes, and the queues.

use std::process::Command;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use shared::model::Role;

use super::told::ONE_PLACE;
use crate::hark::{World, eventually, on_services};

const DAY_S: i64 = 24 * 3600;

async fn json_of(redis: &mut MultiplexedConnection, key: &str) -> Value {
    let kept: String = redis.get(key).await.unwrap();
    serde_json::from_str(&kept).unwrap()
}

/// As Redis reports it: at most the lifetime, and not long ago.
async fn lives(redis: &mut MultiplexedConnection, key: &str, seconds: i64) {
    let ttl: i64 = redis.ttl(key).await.unwrap();
    assert!((seconds - 60..=seconds).contains(&ttl), "{key} lives for {ttl} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customer_service_is_copied_to_redis_for_its_time() {
    on_services(async |world: &World| {
        let hark = world.start_with(&[ONE_PLACE]).await;
        let mut redis = world.services().redis.connection().await;
        let (sam, vera) = (hark.user_as("sam", Role::Staff).await, hark.visitor().await);
        let _sams = hark.serves(&sam).await;
        let session = hark.opened(&vera).await;
        hark.settled().await;
        let (copy, staff) = (format!("chat:session:{}", session.id), format!("chat:staff:{}", sam.id));
        let (mapping, count) = (format!("chat:mapping:{}", vera.id), format!("chat:count:{}", sam.id));
        let kept = json_of(&mut redis, &copy).await;
        assert_eq!((&kept["state"], &kept["staff"]["id"]), (&json!("active"), &json!(sam.id)));
        let kept = json_of(&mut redis, &staff).await;
        assert_eq!((&kept["username"], &kept["status"]), (&json!("sam"), &json!("online")));
        assert_eq!(redis.get::<_, i64>(&mapping).await.unwrap(), sam.id);
        assert_eq!(redis.get::<_, i64>(&count).await.unwrap(), 1);
        for (key, seconds) in [(&copy, 7 * DAY_S), (&mapping, 7 * DAY_S), (&staff, DAY_S), (&count, DAY_S)] {
            lives(&mut redis, key, seconds).await;
        }

        hark.closed(session.id, &sam).await;
        hark.settled().await;
        assert_eq!(json_of(&mut redis, &copy).await["state"], "closed");
        assert!(!redis.exists::<_, bool>(&mapping).await.unwrap(), "nobody serves");
        assert_eq!(redis.get::<_, i64>(&count).await.unwrap(), 0);
        hark.stop().await;
    })
    .await;
}

/// Runs a line as documented on the case's Redis: only where that is stands between the program and the rest.
fn redis_cli(world: &World, line: &str) -> Vec<String> {
    let url = reqwest::Url::parse(&world.services().redis.url).unwrap();
    let (host, port) = (url.host_str().unwrap(), url.port().unwrap().to_string());
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(["-h", host, "-p", &port, "-n", url.path().trim_start_matches('/')]).args(words);
    let output = command.env("REDISCLI_AUTH", url.password().unwrap()).output().expect("redis-cli starts");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{line}: {said}");
    said.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_cli_finds_what_the_documents_say() {
    on_services(async |world: &World| {
        let hark = world.start().await;
        assert_eq!(redis_cli(world, "redis-cli ping"), ["PONG"]);
        assert_eq!(redis_cli(world, "redis-cli SMEMBERS chat:online:users"), [""]);
        let (ann, bob) = (hark.user("user1").await, hark.user("user2").await);
        let (_anns, bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
        let mut online = redis_cli(world, "redis-cli SMEMBERS chat:online:users");
        online.sort();
        assert_eq!(online, [ann.id.to_string(), bob.id.to_string()]);
        for user in [&ann, &bob] {
            let shown = hark.get(user, &format!("/api/chat/online/status/{}", user.id)).await.expect(200);
            let server = redis_cli(world, &format!("redis-cli GET chat:user:server:{}", user.id));
            assert_eq!(json!(server), shown["endpoints"]);
        }
        bobs.close().await;
        eventually(async || redis_cli(world, "redis-cli SMEMBERS chat:online:users").len() == 1).await;
        let gone = redis_cli(world, &format!("redis-cli GET chat:user:server:{}", bob.id));
        assert_eq!(gone, [""]);
        hark.stop().await;
    })
    .await;
}

/// The seven keys of the document. How long a connection is kept it leaves open: as long as a socket can live.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_cli_finds_every_key_of_the_document_with_its_lifetime() {
    on_services(async |world: &World| {
        let hark = world.start().await;
        let (sam, vera) = (hark.user_as("sam", Role::Staff).await, hark.visitor().await);
        let (_sams, mut veras) = (hark.serves(&sam).await, hark.connect(&vera).await);
        let session = hark.opened(&vera).await;
        let said = veras.say(session.room_id.0, "hello").await;
        hark.settled().await;
        let app = hark.running.app();
        let status = app.presence.status(vera.id.into(), app.clock.now()).await.unwrap();
        let found = redis_cli(world, "redis-cli KEYS chat:*");
        for (key, seconds) in [
            (format!("chat:user:{}", vera.id), DAY_S),
            (format!("chat:staff:{}", sam.id), DAY_S),
            (format!("chat:mapping:{}", vera.id), 7 * DAY_S),
            (format!("chat:count:{}", sam.id), DAY_S),
            (format!("chat:message:{}", said["message_id"].as_str().unwrap()), 30 * DAY_S),
            (format!("chat:session:{}", session.id), 7 * DAY_S),
            (format!("chat:connection:{}", status.connections[0].connection), DAY_S / 12),
        ] {
            assert!(found.contains(&key), "{key}: {found:?}");
            let left: i64 = redis_cli(world, &format!("redis-cli TTL {key}"))[0].parse().unwrap();
            assert!((seconds - 60..=seconds).contains(&left), "{key} lives for {left} s");
        }
        hark.stop().await;
    })
    .await;
}

fn rabbitmqctl(arguments: &[&str]) -> String {
    let program = std::env::var("RABBITMQCTL").expect("run `make test`, which starts the services");
    let output = Command::new(program).args(arguments).output().expect("rabbitmqctl starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queues_are_listed_and_purged_as_documented() {
    on_services(async |world: &World| {
        let hark = world.start().await;
        let vhost = world.services().vhost.name.as_str();
        let listed = rabbitmqctl(&["list_queues", "-p", vhost]);
        let queues =
            ["chat.messages", "chat.staff.status", "chat.visitor.assignment", "chat.system.notification"];
        for queue in queues {
            assert!(listed.lines().any(|line| line.starts_with(&format!("{queue}\t0"))), "{queue}: {listed}");
        }
        rabbitmqctl(&["purge_queue", "chat.messages", "-p", vhost]);
        assert!(rabbitmqctl(&["status"]).contains("Runtime"));
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        hark.connect(&ann).await.say(room, "still delivered").await;
        eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
        hark.stop().await;
    })
    .await;
}

/// With nothing but the virtual host named, which is the case's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_of_the_broker_made_as_documented_is_enough() {
    on_services(async |world: &World| {
        let vhost = &world.services().vhost;
        // By a run that ended in between.
        if rabbitmqctl(&["list_users"]).contains("chatuser") {
            rabbitmqctl(&["delete_user", "chatuser"]);
        }
        rabbitmqctl(&["add_user", "chatuser", "strongpassword"]);
        rabbitmqctl(&["set_permissions", "-p", &vhost.name, "chatuser", ".*", ".*", ".*"]);
        let mut url = reqwest::Url::parse(&vhost.url).unwrap();
        url.set_username("chatuser").unwrap();
        url.set_password(Some("strongpassword")).unwrap();
        let hark = world.start_with(&[("RABBITMQ_URL", url.as_str())]).await;
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        hark.connect(&ann).await.say(room, "delivered").await;
        hark.settled().await;
        hark.stop().await;
        rabbitmqctl(&["delete_user", "chatuser"]);
    })
    .await;
}
