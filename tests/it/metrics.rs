//! What Prometheus is told, read by a parser of its own.

use serde_json::{Value, json};
use shared::app::App;
use shared::ids::EventId;
use shared::model::{DeliveryState, Role};
use shared::ports::{Next, Outcome};

use crate::clients;
use crate::hark::{Hark, World, eventually, on_both};

const TOKEN: &str = "for the scraper alone";

async fn scrape(hark: &Hark) -> Value {
    let answer = hark.to(reqwest::Method::GET, "/metrics").send().await.expect("Hark answers");
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = answer.text().await.expect("a body");
    clients::run("read_metrics.py", &[&text], &[]).await
}

async fn a_scrape_sees_what_there_is(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    let mut bobs = hark.connect(&bob).await;
    let _second = hark.connect(&bob).await;
    anns.say(room, "counted").await;
    bobs.next_of("message").await;
    let app = hark.running.app();
    eventually(async || app.outbox.backlog().await.is_ok_and(|(open, _)| open == 0)).await;

    let seen = scrape(&hark).await;
    for (name, value) in [
        ("hark_connections{}", 3.0),
        ("hark_users_online{}", 2.0),
        ("hark_outbox_open{}", 0.0),
        ("hark_outbox_oldest_seconds{}", 0.0),
        ("hark_messages_today{}", 1.0),
        ("hark_sessions_today{}", 0.0),
        ("hark_sessions{state=queued}", 0.0),
        ("hark_up{service=database}", 1.0),
        ("hark_up{service=redis}", 1.0),
        ("hark_up{service=rabbitmq}", 1.0),
        ("hark_queue_messages{queue=chat.messages}", 0.0),
        ("hark_queue_messages{queue=chat.dead.letter}", 0.0),
    ] {
        assert_eq!(seen[name], value, "{name} in {seen}");
    }
    assert!(
        seen["hark_ping_seconds{service=database}"].as_f64().is_some_and(|seconds| seconds < 1.0),
        "{seen}"
    );
    app.bus.dead_letter("chat.messages", b"nonsense", "doesn't read", app.clock.now()).await.expect("kept");
    // A quorum queue says a little later how long it is.
    eventually(async || scrape(&hark).await["hark_queue_messages{queue=chat.dead.letter}"] == 1.0).await;
    hark.stop().await;
}

async fn a_scrape_sees_the_desk(world: &World) {
    let hark = world.start_with(&[("STAFF_MAX_SESSIONS", "2")]).await;
    let sam = hark.user_as("sam", Role::Staff).await;
    let _sams = hark.serves(&sam).await;
    // Of a team for which nobody comes.
    let admin = hark.user_as("admin", Role::Admin).await;
    let _sue = hark.serving(&admin, "sue", "sales").await;
    for _ in 0..3 {
        hark.opened(&hark.visitor().await).await;
    }
    hark.settled().await;
    let seen = scrape(&hark).await;
    for (name, value) in [
        ("hark_sessions{state=active}", 2.0),
        ("hark_sessions{state=queued}", 1.0),
        ("hark_staff_online{}", 2.0),
        ("hark_staff_places{}", 4.0),
        ("hark_sessions_today{}", 3.0),
    ] {
        assert_eq!(seen[name], value, "{name} in {seen}");
    }
    hark.stop().await;
}

async fn a_scrape_sees_events_and_services(world: &World) {
    let hark = world.start().await;
    let ops = hark.user_as("ops", Role::Service).await;
    // Nobody listens there, and without a health check it is up by its word alone.
    let service = json!({"service_name": "user-service", "service_url": "http://localhost:1"});
    hark.post(&ops, "/api/v1/services/register", &service).await.expect(201);
    let app = hark.running.app();
    for (id, target) in [("waits", "user-service"), ("ended", "user-service"), ("nowhere", "nobody")] {
        let event = json!({"id": id, "type": "user_action", "source_service": "chat-service",
            "target_service": target, "data": {}});
        hark.post(&ops, "/api/v1/events/publish", &event).await.expect(202);
    }
    eventually(async || give_up(app, "ended").await).await;
    let seen = scrape(&hark).await;
    for (name, value) in [
        ("hark_event_deliveries{state=pending}", 2.0),
        ("hark_event_deliveries{state=dead}", 1.0),
        ("hark_service_instances{health=up}", 1.0),
        ("hark_service_instances{health=down}", 0.0),
        ("hark_service_instances{health=unknown}", 0.0),
    ] {
        assert_eq!(seen[name], value, "{name} in {seen}");
    }
    hark.stop().await;
}

/// Records the delivery of an event as dead, unless `relay` records a round of it just then; whether it is.
async fn give_up(app: &App, event: &str) -> bool {
    let deliveries = app.events.deliveries(&EventId::parse(event).unwrap()).await.unwrap();
    let (delivery, _) = &deliveries[0];
    let next = Next::Dead("no longer wanted".to_owned());
    let outcome = Outcome { delivery: delivery.id, round: delivery.rounds + 1, attempts: vec![], next };
    app.events.record(&[outcome], app.clock.now()).await.unwrap();
    delivery.state == DeliveryState::Dead
}

async fn a_token_closes_it(world: &World) {
    let hark = world.start_with(&[("METRICS_TOKEN", TOKEN)]).await;
    let by = async |token: &str| {
        let request = hark.to(reqwest::Method::GET, "/metrics").bearer_auth(token);
        request.send().await.expect("Hark answers").status().as_u16()
    };
    let ann = hark.user("ann").await;
    let without = hark.to(reqwest::Method::GET, "/metrics").send().await.expect("Hark answers");
    assert_eq!(without.status(), 401);
    assert_eq!((by(TOKEN).await, by(&ann.token).await, by("for the scraper alon").await), (200, 401, 401));
    hark.stop().await;
}

on_both! {
    a_scrape_sees_what_there_is,
    a_scrape_sees_the_desk,
    a_scrape_sees_events_and_services,
    a_token_closes_it,
}
