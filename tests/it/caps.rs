//! How many sockets may be open.

use serde_json::json;
use shared::model::Role;

use crate::cost::OwnRedis;
use crate::hark::{Client, Hark, World, eventually, on_both, on_services};

const CAPS: [(&str, &str); 2] = [("USER_MAX_CONNECTIONS", "2"), ("WEBSOCKET_MAX_CONNECTIONS", "3")];

/// The status that a handshake is refused with, 101 when it succeeds: the socket is then left open.
async fn status(hark: &Hark, client: &Client, kept: &mut Vec<crate::hark::Socket>) -> u16 {
    match hark.open(&format!("/?token={}", client.token), &[]).await {
        Ok(socket) => {
            kept.push(socket);
            101
        }
        Err(refused) => refused.status,
    }
}

async fn sockets_past_the_caps_are_refused_and_leave_nothing(world: &World) {
    let hark = world.start_with(&CAPS).await;
    let (ann, bob, eve) = (hark.user("ann").await, hark.user("bob").await, hark.user("eve").await);
    let kept = &mut Vec::new();
    assert_eq!((status(&hark, &ann, kept).await, status(&hark, &ann, kept).await), (101, 101));
    let refused = hark.open(&format!("/?token={}", ann.token), &[]).await.err().unwrap();
    assert_eq!((refused.status, &refused.body["error"]["code"]), (429, &json!("rate_limited")));
    assert_eq!(status(&hark, &bob, kept).await, 101);
    let refused = hark.open(&format!("/?token={}", eve.token), &[]).await.err().unwrap();
    assert_eq!((refused.status, &refused.body["error"]["code"]), (503, &json!("unavailable")));
    assert_eq!(hark.running.app().connection_log.page(None, 9).await.unwrap().len(), 3);

    let admin = hark.user_as("root", Role::Admin).await;
    let info = hark.get(&admin, "/ws/info").await.expect(200);
    assert_eq!((&info["connections"], &info["limits"]["max_connections"]), (&json!(3), &json!(3)));
    assert_eq!(info["limits"]["user_max_connections"], 2);

    kept.remove(0).close().await;
    eventually(async || status(&hark, &eve, &mut Vec::new()).await == 101).await;
    hark.stop().await;
}

on_both! {
    sockets_past_the_caps_are_refused_and_leave_nothing,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nobody_is_refused() {
    on_services(async |world: &World| {
        let mut redis = OwnRedis::start().await;
        let hark = world.start_with(&[CAPS[0], CAPS[1], ("REDIS_URL", &redis.url)]).await;
        let ann = hark.user("ann").await;
        redis.kill();
        let kept = &mut Vec::new();
        for _ in 0..4 {
            assert_eq!(status(&hark, &ann, kept).await, 101);
        }
        hark.stop().await;
    })
    .await;
}
