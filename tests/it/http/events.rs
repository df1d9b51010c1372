use std::collections::BTreeSet;

use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};
use shared::model::Role;
use shared::ports::{Next, Outcome};

use super::world::{Answer, Hark, Person};

const EVENTS: &str = "/api/v1/events";
const PUBLISH: &str = "/api/v1/events/publish";

/// As in the documents.
fn event() -> Value {
    json!({
        "type": "user_action", "source_service": "chat-service", "target_service": "knowledge-service",
        "data": {"action": "create_conversation", "user_id": "user123"}, "priority": 2
    })
}

/// The same under an id, of another type perhaps.
fn named(id: &str, kind: &str) -> Value {
    let mut event = event();
    event["id"] = json!(id);
    event["type"] = json!(kind);
    event
}

fn ids(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect()
}

async fn publish_by_key(hark: &Hark, person: &Person<'_>, key: &str, body: &Value) -> Answer {
    let request = Request::post(PUBLISH)
        .header(header::AUTHORIZATION, format!("Bearer {}", person.token))
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    hark.request(request.unwrap()).await
}

/// Writes down that every delivery of the event was given up.
async fn give_up(hark: &Hark, stored: &Value) {
    let id = stored["id"].as_str().unwrap().to_owned().try_into().unwrap();
    for (delivery, _) in hark.app.events.deliveries(&id).await.unwrap() {
        let next = Next::Dead("no healthy instance".to_owned());
        let outcome = Outcome { delivery: delivery.id, round: delivery.rounds + 1, attempts: vec![], next };
        assert_eq!(hark.app.events.record(&[outcome], hark.app.clock.now()).await.unwrap(), [delivery.id]);
    }
}

#[tokio::test]
async fn what_is_published_is_answered_kept_and_shown() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    let published = bot.post(PUBLISH, event()).await;
    assert_eq!(published.status, 202);
    let published = published.ok();
    for field in ["type", "source_service", "target_service", "data", "priority"] {
        assert_eq!(published[field], event()[field], "{field}");
    }
    assert_eq!(published["published_by"], json!(bot.id));
    assert_eq!(published["deliveries"], json!([{"service": "knowledge-service", "state": "pending"}]));
    let id = published["id"].as_str().unwrap();
    let shown = bot.get(&format!("{EVENTS}/{id}")).await.ok();
    assert_eq!((&shown["id"], &shown["data"]), (&json!(id), &event()["data"]));
    let delivery = &shown["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!([])));
    assert_eq!((&delivery["rounds"], &delivery["due_at"]), (&json!(0), &published["created_at"]));
    assert_eq!(ids(&bot.get(EVENTS).await.ok()), [id]);
}

#[tokio::test]
async fn everything_takes_its_permission_and_a_token() {
    let hark = Hark::start().await;
    let (ann, staff) = (hark.person("Ann").await, hark.person_as("Staff", Role::Staff).await);
    let bot = hark.person_as("Bot", Role::Service).await;
    bot.post(PUBLISH, named("e1", "user_action")).await.ok();
    for person in [&ann, &staff] {
        for path in [EVENTS, "/api/v1/events/e1", "/api/v1/events/dead"] {
            let refused = person.get(path).await;
            refused.refused(403, "forbidden");
            assert!(refused.message().contains("events.view"), "{refused:?}");
        }
        for (path, body) in [(PUBLISH, event()), ("/api/v1/events/e1/replay", json!({}))] {
            let refused = person.post(path, body).await;
            refused.refused(403, "forbidden");
            assert!(refused.message().contains("events.publish"), "{refused:?}");
        }
        let refused = person.post("/api/v1/broadcast", json!({})).await;
        assert!(!refused.message().is_empty() && refused.status >= 400);
    }
    hark.call(None, http::Method::GET, EVENTS, None).await.refused(401, "unauthenticated");
    hark.post(PUBLISH, event()).await.refused(401, "unauthenticated");
    assert_eq!(ids(&bot.get(EVENTS).await.ok()), ["e1"], "nothing was published");
}

#[tokio::test]
async fn a_batch_is_stored_whole_or_not_at_all() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    let batch = json!({"events": [named("e1", "user_action"), named("e2", "error_event"), event()]});
    let published = bot.post(PUBLISH, batch).await;
    assert_eq!(published.status, 202);
    assert_eq!(published.ok()["events"].as_array().unwrap().len(), 3);
    let one_of_its_own = bot.post(PUBLISH, json!({"events": [named("e3", "user_action")]})).await.ok();
    assert_eq!(ids(&one_of_its_own), ["e3"], "a list is answered by a list");

    let clash = json!({"events": [named("e4", "user_action"), named("e2", "user_action")]});
    let refused = bot.post(PUBLISH, clash).await;
    refused.refused(409, "conflict");
    assert!(refused.message().contains("e2"), "{refused:?}");
    let bad = json!({"events": [named("e5", "user_action"), named("e6", "coffee_break")]});
    let refused = bot.post(PUBLISH, bad).await;
    refused.refused(400, "invalid");
    assert!(refused.message().starts_with("events[1].type: "), "{refused:?}");
    assert_eq!(bot.get(EVENTS).await.ok()["events"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn one_call_publishes_as_many_as_it_may_and_no_more() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    let most = hark.app.config.events.batch_size;
    let refused = bot.post(PUBLISH, json!({"events": vec![event(); most + 1]})).await;
    refused.refused(413, "too_large");
    assert!(refused.message().starts_with("events: "), "{refused:?}");
    let published = bot.post(PUBLISH, json!({"events": vec![event(); most]})).await.ok();
    assert_eq!(ids(&published).into_iter().collect::<BTreeSet<_>>().len(), 100);
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_and_another_body_refused() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    let first = bot.post(PUBLISH, named("e1", "user_action")).await.ok();
    assert_eq!(bot.post(PUBLISH, named("e1", "user_action")).await.ok(), first);
    bot.post(PUBLISH, named("e1", "error_event")).await.refused(409, "conflict");

    let keyed = publish_by_key(&hark, &bot, "my key: 1/2", &event()).await.ok();
    assert_eq!(publish_by_key(&hark, &bot, "my key: 1/2", &event()).await.ok(), keyed);
    let mut other = event();
    other["priority"] = json!(3);
    publish_by_key(&hark, &bot, "my key: 1/2", &other).await.refused(409, "conflict");
    let batch = json!({"events": [event(), event(), named("mine", "user_action")]});
    let keyed = publish_by_key(&hark, &bot, "batch", &batch).await.ok();
    assert_eq!(publish_by_key(&hark, &bot, "batch", &batch).await.ok(), keyed);
    assert_eq!(ids(&keyed)[2], "mine");
    let somebody = hark.person_as("Other", Role::Service).await;
    let theirs = publish_by_key(&hark, &somebody, "my key: 1/2", &other).await.ok();
    assert_eq!(theirs["priority"], 3, "a key is its caller's own");
    assert_eq!(bot.get(EVENTS).await.ok()["events"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn history_is_read_page_by_page_and_by_its_filters() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    for n in 0..5 {
        bot.post(PUBLISH, named(&format!("e{n}"), if n % 2 == 0 { "user_action" } else { "error_event" }))
            .await
            .ok();
    }
    let page = bot.get("/api/v1/events?limit=3").await.ok();
    let seen = ids(&page);
    let rest = bot.get(&format!("{EVENTS}?limit=3&before={}", page["next"].as_str().unwrap())).await.ok();
    assert_eq!(rest["next"], Value::Null);
    let all: BTreeSet<&str> = seen.into_iter().chain(ids(&rest)).collect();
    assert_eq!(all, ["e0", "e1", "e2", "e3", "e4"].into());
    let errors = bot
        .get("/api/v1/events?type=error_event&source_service=chat-service&priority_min=2&from=0")
        .await
        .ok();
    assert_eq!(ids(&errors).into_iter().collect::<BTreeSet<_>>(), ["e1", "e3"].into());
    for none in ["priority_min=3", "until=1", "target_service=audit", "from=4102444800000", "before=gone"] {
        assert_eq!(ids(&bot.get(&format!("{EVENTS}?{none}")).await.ok()), Vec::<&str>::new(), "{none}");
    }
    for (field, value) in [
        ("type", "coffee"),
        ("source_service", "a%20b"),
        ("target_service", ""),
        ("from", "now"),
        ("until", "1.5"),
        ("priority_min", "10"),
        ("priority_min", "-1"),
        ("limit", "0"),
        ("limit", "101"),
        ("before", "a.b"),
    ] {
        let refused = bot.get(&format!("{EVENTS}?{field}={value}")).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with(&format!("{field}: ")), "{refused:?}");
    }
    assert_eq!(bot.get("/api/v1/events?limit=100").await.status, 200);
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_replayed() {
    let hark = Hark::start().await;
    let bot = hark.person_as("Bot", Role::Service).await;
    let first = bot.post(PUBLISH, named("e1", "user_action")).await.ok();
    let second = bot.post(PUBLISH, named("e2", "user_action")).await.ok();
    give_up(&hark, &first).await;
    give_up(&hark, &second).await;
    let page = bot.get("/api/v1/events/dead?limit=1").await.ok();
    let dead = &page["deliveries"][0];
    assert_eq!((&dead["event"]["id"], &dead["reason"]), (&json!("e2"), &json!("no healthy instance")));
    assert_eq!((&dead["service"], &dead["state"]), (&json!("knowledge-service"), &json!("dead")));
    let rest = bot.get(&format!("/api/v1/events/dead?before={}", page["next"])).await.ok();
    assert_eq!((&rest["deliveries"][0]["event"]["id"], &rest["next"]), (&json!("e1"), &Value::Null));
    bot.get("/api/v1/events/dead?before=e1").await.refused(400, "invalid");

    let audit = bot.post("/api/v1/events/e1/replay", json!({"service": "audit"})).await;
    audit.refused(404, "not_found");
    assert!(audit.message().starts_with("service: "), "{audit:?}");
    let replayed = bot.post("/api/v1/events/e1/replay", json!({"service": "knowledge-service"})).await.ok();
    let delivery = &replayed["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["rounds"]), (&json!("pending"), &json!(1)));
    assert_eq!(bot.do_post("/api/v1/events/e1/replay").await.ok(), replayed, "it is on its way already");
    assert_eq!(bot.do_post("/api/v1/events/e2/replay").await.ok()["deliveries"][0]["state"], "pending");
    assert_eq!(bot.get("/api/v1/events/dead").await.ok()["deliveries"], json!([]));
    bot.do_post("/api/v1/events/e9/replay").await.refused(404, "not_found");
    bot.get("/api/v1/events/a.b").await.refused(404, "not_found");
}
