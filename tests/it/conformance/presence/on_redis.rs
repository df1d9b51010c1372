//! What only a server can show: keys, lifetimes, round trips and outages.

use std::time::{Duration, Instant};

use redis::AsyncCommands;
use shared::clock::UnixMs;
use shared::ids::{MessageId, RoomId, Seq, UserId};
use shared::model::{Message, StaffMember, Status, User};
use shared::ports::{Admission, DeskCopies, Mirrors, Presence, PresenceError, Wholeness};
use shared::redis::{RedisConfig, RedisPresence};
use tokio::net::TcpListener;

use super::line::Line;
use super::{
    NOW, PRESENCE_TTL, ROUTING_TTL, a_room, a_user, an_address, connected, empty_database, later, raw_redis,
    redis_at, redis_url, registration,
};

pub(super) fn a_message() -> Message {
    Message {
        message_id: MessageId::fresh(),
        room_id: RoomId(1),
        seq: Seq(1),
        sender_id: UserId(1),
        sender_name: "Ann".to_owned(),
        kind: "text".to_owned(),
        content: "hello".to_owned(),
        reply_to: None,
        metadata: None,
        timestamp: UnixMs(1_800_000_000_000),
        edited_at: None,
        recalled: false,
    }
}

fn with_deadline(url: &str, deadline: Duration) -> RedisPresence {
    let config = RedisConfig {
        url: url.to_owned().into(),
        deadline,
        presence_ttl: PRESENCE_TTL,
        routing_ttl: ROUTING_TTL,
        rate_messages_per_second: 10,
        rate_burst: 20,
    };
    RedisPresence::new(config).unwrap()
}

/// Of many visitors and staff, whose keys are on many nodes of a Cluster: again, and without who served.
pub(super) async fn copies_are_kept_and_taken_back(mirrors: &dyn Mirrors) {
    let users: Vec<User> = (0..20)
        .map(|_| User { id: a_user(), username: "sam".to_owned(), nickname: "Sam".to_owned() })
        .collect();
    let member = |user: &User| StaffMember {
        user: user.clone(),
        team: String::new(),
        status: Status::Online,
        status_since: NOW,
        sessions: 1,
        max_sessions: 5,
    };
    for serving in [Some(users[0].id), Some(users[0].id), None] {
        let copies = DeskCopies {
            sessions: Vec::new(),
            serving: users.iter().map(|user| (user.id, serving)).collect(),
            staff: users.iter().map(member).collect(),
        };
        mirrors.keep(&copies).await.unwrap();
    }
    mirrors.keep(&DeskCopies::default()).await.unwrap();
}

#[tokio::test]
async fn copies_of_customer_service_may_be_kept_again() {
    copies_are_kept_and_taken_back(&redis_at(&redis_url(), 0, 0)).await;
}

#[tokio::test]
async fn a_cached_message_lives_for_30_days() {
    let presence = redis_at(&redis_url(), 0, 0);
    let message = a_message();
    presence.cache_messages(std::slice::from_ref(&message)).await.unwrap();
    let mut redis = raw_redis(&redis_url()).await;
    let key = format!("chat:message:{}", message.message_id);
    let kept: String = redis.get(&key).await.unwrap();
    assert_eq!(serde_json::from_str::<Message>(&kept).unwrap(), message);
    let lifetime: i64 = redis.pttl(&key).await.unwrap();
    let thirty_days = 30 * 24 * 3600 * 1000;
    assert!((thirty_days - 60_000..=thirty_days).contains(&lifetime), "{lifetime}");
}

#[tokio::test]
async fn a_copy_follows_what_becomes_of_its_message() {
    let presence = redis_at(&redis_url(), 0, 0);
    let message = a_message();
    let edited = Message { content: "edited".to_owned(), edited_at: Some(NOW), ..message.clone() };
    let recalled = Message { content: String::new(), recalled: true, ..message.clone() };
    let mut redis = raw_redis(&redis_url()).await;
    let key = format!("chat:message:{}", message.message_id);
    // What was never changed is delivered late at times, and takes nothing back.
    for (copy, kept) in [
        (&message, &message),
        (&edited, &edited),
        (&message, &edited),
        (&recalled, &recalled),
        (&message, &recalled),
    ] {
        presence.cache_messages(std::slice::from_ref(copy)).await.unwrap();
        let found: String = redis.get(&key).await.unwrap();
        assert_eq!(serde_json::from_str::<Message>(&found).unwrap(), *kept);
    }
}

/// Uses everything once, so that every kind of key is there.
async fn use_everything(presence: &RedisPresence) {
    let (ann, bob, room) = (a_user(), a_user(), a_room());
    let phone = connected(presence, ann, &[room]).await;
    connected(presence, bob, &[room]).await;
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    presence.members_changed(room, &[bob], &[], 2).await.unwrap();
    presence.admit(ann, Some(&phone.connection), NOW).await.unwrap();
    presence.cache_messages(&[a_message()]).await.unwrap();
    presence.forget(ann, &phone.connection, &[room], NOW).await.unwrap();
    let silent = later(PRESENCE_TTL).plus(1);
    presence.sweep_silent(silent, 1).await.unwrap();
    connected(presence, ann, &[room]).await;
    presence.restore(&registration(bob, &an_address(), &[room]), NOW, NOW).await.unwrap();
    let Wholeness::Lost { claim } = presence.claim_rebuild().await.unwrap() else { panic!("it was empty") };
    presence.keep_claim(claim).await.unwrap();
    presence.end_rebuild(claim, true).await.unwrap();
    presence.tell(bob, Status::Busy).await.unwrap();
}

#[tokio::test]
async fn no_key_is_left_for_ever() {
    let url = empty_database(6).await;
    use_everything(&with_deadline(&url, Duration::from_secs(5))).await;
    let mut redis = raw_redis(&url).await;
    let keys: Vec<String> = redis.keys("*").await.unwrap();
    for kind in ["connections", "heard", "seen", "rate", "joined", "told", "audience", "members"] {
        assert!(keys.iter().any(|key| key.starts_with("hark:{") && key.ends_with(kind)), "{kind}: {keys:?}");
    }
    for key in &keys {
        let lifetime: i64 = redis.pttl(key).await.unwrap();
        assert!(lifetime > 0, "{key} has no lifetime");
    }
}

#[tokio::test]
async fn the_mirrors_show_who_is_online_and_where() {
    let url = empty_database(7).await;
    let presence = redis_at(&url, 0, 0);
    let ann = a_user();
    let phone = connected(&presence, ann, &[]).await;
    let mut redis = raw_redis(&url).await;
    let server = format!("chat:user:server:{ann}");
    assert_eq!(redis.smembers::<_, Vec<i64>>("chat:online:users").await.unwrap(), [ann.0]);
    assert_eq!(redis.get::<_, String>(&server).await.unwrap(), phone.endpoint);
    let mirror: String = redis.get(format!("chat:connection:{}", phone.connection)).await.unwrap();
    let mirror: serde_json::Value = serde_json::from_str(&mirror).unwrap();
    assert_eq!(mirror, serde_json::json!({"user_id": ann, "endpoint": phone.endpoint, "connected_at": NOW}));

    let silent = later(PRESENCE_TTL).plus(1);
    presence.sweep_silent(silent, 10).await.unwrap();
    assert_eq!(redis.scard::<_, i64>("chat:online:users").await.unwrap(), 0);
    assert!(!redis.exists::<_, bool>(&server).await.unwrap());

    presence.register(&registration(ann, &phone, &[]), silent).await.unwrap();
    assert_eq!(redis.scard::<_, i64>("chat:online:users").await.unwrap(), 1);
    assert_eq!(redis.get::<_, String>(&server).await.unwrap(), phone.endpoint);

    presence.forget(ann, &phone.connection, &[], silent).await.unwrap();
    // Who somebody is does not end with their connection.
    let profile = format!("chat:user:{ann}");
    let kept: String = redis.get(&profile).await.unwrap();
    assert_eq!(serde_json::from_str::<User>(&kept).unwrap().id, ann);
    let lifetime: i64 = redis.pttl(&profile).await.unwrap();
    assert!((86_340_000..=86_400_000).contains(&lifetime), "{lifetime}");
    redis.del::<_, ()>(&profile).await.unwrap();
    let left: Vec<String> = redis.keys("chat:*").await.unwrap();
    assert_eq!(left, [] as [String; 0]);
}

#[tokio::test]
async fn a_sweep_trims_connections_past_their_life() {
    let url = empty_database(8).await;
    let presence = redis_at(&url, 0, 0);
    connected(&presence, a_user(), &[]).await;
    presence.sweep_silent(later(ROUTING_TTL).plus(1), 10).await.unwrap();
    let mut redis = raw_redis(&url).await;
    assert_eq!(redis.zcard::<_, i64>("hark:connections").await.unwrap(), 0);
    assert_eq!(redis.zcard::<_, i64>("hark:online").await.unwrap(), 0);
}

/// The claim that the caller is given.
async fn claimed(presence: &RedisPresence) -> uuid::Uuid {
    match presence.claim_rebuild().await.unwrap() {
        Wholeness::Lost { claim } => claim,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_empty_server_is_rebuilt_by_one_at_a_time_and_is_whole_only_at_the_end() {
    let presence = redis_at(&empty_database(22).await, 0, 0);
    let claim = claimed(&presence).await;
    assert_eq!(presence.claim_rebuild().await.unwrap(), Wholeness::Rebuilding);
    assert!(presence.keep_claim(claim).await.unwrap());
    connected(&presence, a_user(), &[]).await;
    assert_eq!(presence.claim_rebuild().await.unwrap(), Wholeness::Rebuilding);

    assert!(presence.end_rebuild(claim, false).await.unwrap());
    let next = claimed(&presence).await;
    assert!(!presence.keep_claim(claim).await.unwrap(), "given up");
    assert!(!presence.end_rebuild(claim, true).await.unwrap());
    assert!(presence.end_rebuild(next, true).await.unwrap());
    assert_eq!(presence.claim_rebuild().await.unwrap(), Wholeness::Whole);
}

#[tokio::test]
async fn a_server_emptied_again_while_it_is_rebuilt_is_not_whole() {
    let url = empty_database(23).await;
    let presence = redis_at(&url, 0, 0);
    let claim = claimed(&presence).await;
    empty_database(23).await;
    assert!(!presence.keep_claim(claim).await.unwrap());
    assert!(!presence.end_rebuild(claim, true).await.unwrap());
    claimed(&presence).await;
}

#[tokio::test]
async fn a_claim_that_nobody_works_on_runs_out() {
    let url = empty_database(24).await;
    let presence = redis_at(&url, 0, 0);
    claimed(&presence).await;
    let mut redis = raw_redis(&url).await;
    let lifetime: i64 = redis.pttl("{hark:epoch}:claim").await.unwrap();
    assert!((1..=15_000).contains(&lifetime), "{lifetime}");
    redis.pexpire::<_, ()>("{hark:epoch}:claim", 1).await.unwrap();
    crate::hark::eventually(async || !redis.clone().exists::<_, bool>("{hark:epoch}:claim").await.unwrap())
        .await;
    claimed(&presence).await;
}

#[tokio::test]
async fn each_step_of_the_live_path_is_one_round_trip() {
    let line = Line::to(&redis_url()).await;
    let presence = with_deadline(&line.url, Duration::from_secs(5));
    presence.warm().await.unwrap();
    let (ann, room) = (a_user(), a_room());
    let phone = connected(&presence, ann, &[room]).await;
    presence.rebuild(room, 1, &[ann]).await.unwrap();
    line.trips();
    presence.admit(ann, Some(&phone.connection), NOW).await.unwrap();
    assert_eq!(line.trips(), 1);
    presence.audience(room).await.unwrap();
    assert_eq!(line.trips(), 1);
    presence.renew(ann, &phone.connection, NOW).await.unwrap();
    assert_eq!(line.trips(), 1);
    connected(&presence, ann, &[room, a_room(), a_room()]).await;
    assert_eq!(line.trips(), 3);
}

#[tokio::test]
async fn a_connection_that_died_unnoticed_does_not_fail_the_next_call() {
    let line = Line::to(&redis_url()).await;
    let presence = redis_at(&line.url, 0, 0);
    let ann = a_user();
    let phone = connected(&presence, ann, &[]).await;
    for _ in 0..20 {
        line.cut();
        assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
    }
}

#[tokio::test]
async fn a_server_that_lost_the_scripts_gets_them_again() {
    let presence = redis_at(&redis_url(), 0, 0);
    presence.warm().await.unwrap();
    let (ann, room) = (a_user(), a_room());
    let mut redis = raw_redis(&redis_url()).await;
    for _ in 0..3 {
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await.unwrap();
        let phone = connected(&presence, ann, &[room]).await;
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await.unwrap();
        assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
    }
    assert_eq!(presence.rebuild(room, 1, &[ann]).await.unwrap().listeners.len(), 3);
}

#[tokio::test]
async fn a_register_that_ended_halfway_leaves_the_connection_unknown() {
    let presence = redis_at(&redis_url(), 0, 0);
    let (ann, room, phone) = (a_user(), a_room(), an_address());
    let mut redis = raw_redis(&redis_url()).await;
    let in_the_way = format!("hark:{{r:{room}}}:audience");
    redis.set_ex::<_, _, ()>(&in_the_way, "not a list", 60).await.unwrap();
    presence.register(&registration(ann, &phone, &[room]), NOW).await.unwrap_err();
    assert!(!presence.renew(ann, &phone.connection, NOW).await.unwrap());

    redis.del::<_, ()>(&in_the_way).await.unwrap();
    presence.register(&registration(ann, &phone, &[room]), NOW).await.unwrap();
    assert!(presence.renew(ann, &phone.connection, NOW).await.unwrap());
}

#[tokio::test]
async fn a_silent_server_costs_one_deadline_and_then_nothing() {
    // Takes connections and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let presence = with_deadline(&url, Duration::from_millis(150));
    let started = Instant::now();
    let first = presence.audience(a_room()).await;
    let waited = started.elapsed();
    assert!(matches!(first, Err(PresenceError::Unavailable(_))));
    assert!(waited >= Duration::from_millis(150) && waited < Duration::from_secs(2), "{waited:?}");
    let second = presence.audience(a_room()).await.unwrap_err();
    assert!(second.to_string().contains("skipped"), "{second}");
    drop(listener);
}

#[tokio::test]
async fn no_server_is_unavailable_at_once_and_nothing_is_opened_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    drop(listener);
    let presence = with_deadline(&url, Duration::from_millis(150));
    assert!(matches!(presence.ping().await, Err(PresenceError::Unavailable(_))));
}

#[tokio::test]
async fn without_a_server_each_instance_limits_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    drop(listener);
    let presence = with_deadline(&url, Duration::from_millis(150));
    let (ann, bob) = (a_user(), a_user());
    for _ in 0..20 {
        assert!(matches!(presence.admit(ann, None, NOW).await, Err(PresenceError::Unavailable(_))));
    }
    let refused = presence.admit(ann, None, NOW).await.unwrap();
    assert_eq!(refused, Admission::Limited { retry_after_ms: 100 });
    assert!(matches!(presence.admit(bob, None, NOW).await, Err(PresenceError::Unavailable(_))));
    assert!(presence.admit(ann, None, NOW.plus(100)).await.is_err());
}
