//! The document of the messaging service: every request and frame as it is written there, by who may and who may not.

mod frames;
mod keys;
mod permissions;
mod written;

use reqwest::Method;
use serde_json::json;

use crate::hark::{Hark, World, answer, on_both};

use keys::Keys;
use written::{every, written};

const TOKEN: &str = "for the scraper alone";

async fn what_takes_a_token_is_closed_without_one(world: &World) {
    let hark = world.start().await;
    let (closed, open): (Vec<_>, Vec<_>) = every().into_iter().partition(|request| request.takes_a_token());
    assert_eq!(open.iter().map(|request| request.name).collect::<Vec<_>>(), ["health", "metrics"]);
    for request in closed {
        request.send_as_nobody(&hark).await.refused(401, "unauthenticated");
        request.send(&hark, "hark_unknown").await.refused(401, "unauthenticated");
    }
    hark.stop().await;
}

/// The status and the text of `/metrics`, as the document asks for it or with a bearer.
async fn scrape(hark: &Hark, bearer: Option<&str>) -> (u16, String) {
    let request = hark.to(Method::GET, "/metrics");
    let request = bearer.map_or_else(|| hark.to(Method::GET, "/metrics"), |token| request.bearer_auth(token));
    let response = request.send().await.expect("Hark answers");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

async fn health_is_open_and_metrics_until_a_token_closes_them(world: &World) {
    let hark = world.start().await;
    let health = written("health").send(&hark, "").await.expect(200);
    assert_eq!(health["status"], "Healthy", "{health}");
    let (status, text) = scrape(&hark, None).await;
    assert!(status == 200 && text.contains("hark_connections 0"), "{status}: {text}");
    hark.stop().await;

    let hark = world.start_with(&[("METRICS_TOKEN", TOKEN)]).await;
    written("metrics").send(&hark, "").await.refused(401, "unauthenticated");
    let (status, text) = scrape(&hark, Some(TOKEN)).await;
    assert!(status == 200 && text.contains("hark_connections 0"), "{status}: {text}");
    written("health").send(&hark, "").await.expect(200);
    hark.stop().await;
}

async fn rooms_are_joined_listed_and_left_by_a_user_whatever_device_asks(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let mut device = hark.open(&format!("/ws/client123?token={}", ann.token), &[]).await.unwrap();
    let mut other = hark.open(&format!("/ws/client124?token={}", ann.token), &[]).await.unwrap();
    let mut bobs = hark.connect(&bob).await;
    let joined = written("join").send(&hark, &ann.token).await.expect(200);
    assert_eq!(joined["last_seq"], 0, "{joined}");
    written("join").send(&hark, &bob.token).await.expect(200);
    assert_eq!(written("join").send(&hark, &ann.token).await.expect(200), joined, "a repeat changes nothing");

    let rooms = written("rooms").send(&hark, &ann.token).await.expect(200);
    assert_eq!((&rooms["total"], &rooms["rooms"][0]["name"]), (&json!(1), &json!("general")));
    assert_eq!(
        (&rooms["rooms"][0]["id"], &rooms["rooms"][0]["member_count"]),
        (&joined["room_id"], &json!(2))
    );
    bobs.ask(&frames::chat()).await;
    for socket in [&mut device, &mut other] {
        assert_eq!(socket.next_of("message").await["content"], "Hello, world!", "every device is in it");
    }

    written("leave").send(&hark, &ann.token).await.expect(200);
    assert_eq!(written("rooms").send(&hark, &ann.token).await.expect(200)["total"], 0);
    bobs.next_event("member_left").await;
    bobs.ask(&frames::chat()).await;
    for socket in [&mut device, &mut other] {
        assert!(socket.heard("message").await.is_empty(), "and none is any more");
    }
    written("leave").send(&hark, &ann.token).await.refused(403, "forbidden");
    hark.stop().await;
}

async fn who_may_view_messaging_sees_every_room_and_others_their_own(world: &World) {
    let hark = world.start().await;
    let keys = Keys::of_a_service(&hark).await;
    let ann = hark.user("ann").await;
    written("join").send(&hark, &ann.token).await.expect(200);
    let (viewer, other) =
        (keys.with(&hark, "messaging.view").await, keys.without(&hark, "messaging.view").await);
    let all =
        async |token: &str| answer(hark.to(Method::GET, "/api/v1/rooms?all=true").bearer_auth(token)).await;
    let seen = all(&viewer).await.expect(200);
    assert_eq!((&seen["total"], &seen["rooms"][0]["name"]), (&json!(1), &json!("general")));
    assert!(all(&other).await.refused(403, "forbidden").contains("messaging.view"));
    for token in [&viewer, &other] {
        assert_eq!(written("rooms").send(&hark, token).await.expect(200)["total"], 0, "it is in none");
    }
    hark.stop().await;
}

on_both! {
    what_takes_a_token_is_closed_without_one,
    health_is_open_and_metrics_until_a_token_closes_them,
    rooms_are_joined_listed_and_left_by_a_user_whatever_device_asks,
    who_may_view_messaging_sees_every_room_and_others_their_own,
}
