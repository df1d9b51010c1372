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
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        hark.connect(&ann).await.say(room, "still delivered").await;
        eventually(async || hark.running.app().outbox.backlog().await.unwrap().0 == 0).await;
        hark.stop().await;
    })
    .await;
}
