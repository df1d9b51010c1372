//! Services that go away, and services that never answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::app::App;
use shared::ids::EventId;
use shared::model::{EventType, Role};
use shared::names::ServiceName;
use shared::ports::{Delay, DeliveryDue, Event, NewEvent};

use super::target::{Target, at_last};
use super::{pending, publish};
use crate::hark::{World, on_both};
use crate::posts::{aside, relay};

const MANY: usize = 30;

async fn what_one_instance_can_no_longer_take_another_gets(world: &World) {
    let hark = world.start().await;
    let ops = hark.user_as("ops", Role::Service).await;
    let (first, mut second) = (Target::start(&[]).await, Target::start(&[]).await);
    first.register(&hark, &ops, "knowledge-service").await;
    second.register(&hark, &ops, "knowledge-service").await;
    let mut published = publish(&hark, &ops, "knowledge-service", MANY, &[5]).await;
    at_last(async || first.handled().len() + second.handled().len() == MANY).await;
    assert!(first.handled().len() >= MANY / 3 && second.handled().len() >= MANY / 3, "they share");

    second.kill().await;
    let before = second.handled();
    published.extend(publish(&hark, &ops, "knowledge-service", MANY, &[5]).await);
    at_last(async || first.handled().len() + before.len() == 2 * MANY).await;

    let back = Target::start_on(second.port, &[]).await;
    published.extend(publish(&hark, &ops, "knowledge-service", MANY, &[5]).await);
    at_last(async || first.handled().len() + before.len() + back.handled().len() == 3 * MANY).await;
    assert!(back.handled().len() >= MANY / 3, "it has its share again");
    let everything: BTreeSet<String> =
        [first.handled(), before, back.handled()].into_iter().flatten().collect();
    assert_eq!(everything, published.into_iter().collect(), "none is lost");
    at_last(async || pending(&hark).await == 0).await;
    hark.stop().await;
}

/// Stored, and on nobody's bus: its first round.
async fn stored_aside(app: &App, service: &str) -> (EventId, DeliveryDue) {
    let name = |name| ServiceName::parse(name).unwrap();
    let new = NewEvent {
        id: EventId::fresh(),
        kind: EventType::UserAction,
        source_service: name("chat-service"),
        target_service: Some(name(service)),
        data: json!({}),
        priority: 5,
        published_by: None,
        digest: [0; 32],
    };
    let stored = app.events.publish_events(&[new], app.clock.now()).await.unwrap().remove(0);
    let due = stored.due().next().expect("a delivery");
    (stored.event.id, due)
}

async fn who_never_answers_is_given_up_after_the_last_step_and_replayed_on_demand(world: &World) {
    let hark = world.start_with(&[("MESSAGE_TIMEOUT", "1")]).await;
    // What is overdue by the turned clock is the case's own to hand on.
    hark.running.schedules().hold(true);
    let ops = hark.user_as("ops", Role::Service).await;
    let (app, kept) = aside(&hark);
    let mut silent = Target::start(&["--hang"]).await;
    silent.register(&hark, &ops, "deaf-service").await;
    let (id, mut due) = stored_aside(&app, "deaf-service").await;

    for delay in &Delay::ALL {
        relay(&app, &Event::DeliveryDue(due.clone())).await.unwrap();
        let mut published = kept.take();
        assert_eq!(published.len(), 1, "{published:?}");
        let (after, next) = published.remove(0);
        let Event::DeliveryDue(next) = next else { panic!("{next:?}") };
        assert_eq!((after, next.round), (Some(*delay), due.round + 1));
        relay(&app, &Event::DeliveryDue(due)).await.unwrap();
        assert_eq!(kept.take(), [], "a round is made once");
        world.clock.turn(delay.duration());
        due = next;
    }
    relay(&app, &Event::DeliveryDue(due)).await.unwrap();
    let dead = kept.take_dead();
    assert_eq!((dead.len(), dead[0].queue.as_str(), kept.take().len()), (1, "chat.events", 0));
    assert_eq!(dead[0].reason, "no answer within the deadline");
    let letter: Value = serde_json::from_slice(&dead[0].body).unwrap();
    assert_eq!((&letter["event_id"], &letter["service_name"]), (&json!(id.as_str()), &json!("deaf-service")));

    let shown = hark.get(&ops, &format!("/api/v1/events/{id}")).await.expect(200);
    let delivery = &shown["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["rounds"]), (&json!("dead"), &json!(8)));
    assert_eq!(delivery["reason"], "no answer within the deadline");
    let attempts = delivery["attempts"].as_array().unwrap();
    let rounds: Vec<_> = attempts.iter().map(|attempt| attempt["round"].as_i64().unwrap()).collect();
    assert_eq!(rounds, (1..=8).collect::<Vec<_>>());
    let posted: Vec<_> = attempts.iter().filter(|attempt| attempt["url"].is_string()).collect();
    assert_eq!(posted.len(), silent.posts().len());
    assert!(posted.iter().all(|post| post["status"].is_null() && post["took_ms"].as_i64() >= Some(1000)));
    assert!(posted.len() >= 4, "{attempts:?}");
    assert_eq!(
        attempts[1]["error"], "no instance that answered of late",
        "nothing waits for it again at once"
    );
    let dead = hark.get(&ops, "/api/v1/events/dead").await.expect(200);
    assert!(dead.to_string().contains(id.as_str()), "{dead}");

    silent.kill().await;
    let back = Target::start_on(silent.port, &[]).await;
    world.clock.turn(std::time::Duration::from_secs(60));
    hark.post(&ops, &format!("/api/v1/events/{id}/replay"), &json!({})).await.expect(200);
    at_last(async || back.handled().contains(id.as_str())).await;
    at_last(async || pending(&hark).await == 0).await;
    let shown = hark.get(&ops, &format!("/api/v1/events/{id}")).await.expect(200);
    assert_eq!(
        (&shown["deliveries"][0]["state"], &shown["deliveries"][0]["rounds"]),
        (&json!("delivered"), &json!(9))
    );
    hark.stop().await;
}

on_both! {
    what_one_instance_can_no_longer_take_another_gets,
    who_never_answers_is_given_up_after_the_last_step_and_replayed_on_demand,
}
