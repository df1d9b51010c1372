//! Checks, and what others are told of them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::model::Role;

use super::target::{Target, at_last};
use crate::hark::{Client, Hark, World, on_both};

const MINUTE: Duration = Duration::from_secs(60);

async fn health(hark: &Hark, ops: &Client) -> Value {
    let service = hark.get(ops, "/api/v1/services/user-service").await.expect(200);
    service["instances"].as_array().unwrap().first().map_or(Value::Null, |one| one["health"].clone())
}

/// The watcher has nothing to be checked by: its heartbeats say that it lives.
async fn a_minute_later(world: &World, hark: &Hark, ops: &Client, watcher: &Target) {
    world.clock.turn(MINUTE);
    let beat = json!({"service_name": "watcher", "service_url": watcher.url()});
    hark.post(ops, "/api/v1/services/heartbeat", &beat).await.expect(200);
    hark.running.schedules().run("upkeep").await.unwrap();
}

async fn an_instance_goes_down_comes_up_and_is_dropped_and_others_are_told(world: &World) {
    let hark = world.start().await;
    hark.running.schedules().hold(true);
    let ops = hark.user_as("ops", Role::Service).await;
    let watcher = Target::start(&[]).await;
    let wish = json!({"service_name": "watcher", "subscriptions": ["system_event"]});
    watcher.register_with(&hark, &ops, &wish).await;
    // From here on it is known that somebody listens.
    world.clock.turn(Duration::from_secs(5));
    let mut target = Target::start(&[]).await;
    let health_url = format!("{}/health", target.url());
    let fields = json!({"service_name": "user-service", "health_check_url": health_url});
    let made = target.register_with(&hark, &ops, &fields).await;
    assert_eq!(made["health"], "up");

    a_minute_later(world, &hark, &ops, &watcher).await;
    assert_eq!(health(&hark, &ops).await, "up");
    target.kill().await;
    for expected in ["up", "up", "down"] {
        a_minute_later(world, &hark, &ops, &watcher).await;
        assert_eq!(health(&hark, &ops).await, expected);
    }
    hark.get(&ops, "/api/v1/services/user-service/discover").await.refused(503, "unavailable");
    let mut target = Target::start_on(target.port, &[]).await;
    for expected in ["down", "up"] {
        a_minute_later(world, &hark, &ops, &watcher).await;
        assert_eq!(health(&hark, &ops).await, expected);
    }
    hark.get(&ops, "/api/v1/services/user-service/discover").await.expect(200);
    target.kill().await;
    for _ in 0..6 {
        a_minute_later(world, &hark, &ops, &watcher).await;
    }
    assert_eq!(health(&hark, &ops).await, Value::Null, "it is gone, and its service stays");

    let of_target = || -> Vec<Value> {
        let events = watcher.posts().iter().map(|post| post.event()).collect::<Vec<_>>();
        events.into_iter().filter(|event| event["data"]["instance_id"] == made["instance_id"]).collect()
    };
    at_last(async || of_target().len() >= 5).await;
    let told = of_target();
    let mut changes: Vec<_> = told.iter().map(|event| event["data"]["change"].as_str().unwrap()).collect();
    changes.sort_unstable();
    assert_eq!(changes, ["down", "down", "dropped", "registered", "up"]);
    let data = json!({
        "change": "registered", "service_name": "user-service",
        "instance_id": made["instance_id"], "service_url": target.url(),
    });
    let first = told.iter().find(|event| event["data"] == data).expect("the registration");
    assert_eq!((&first["type"], &first["source_service"]), (&json!("system_event"), &json!("hark")));
    hark.stop().await;
}

on_both! {
    an_instance_goes_down_comes_up_and_is_dropped_and_others_are_told,
}
