use serde_json::json;
use shared::model::Role;

use super::desk::at;
use crate::hark::{World, on_both};

on_both! {
    a_session_goes_to_a_person_a_team_or_the_queue,
    a_transfer_that_can_not_be_changes_nothing,
    only_who_may_hands_a_session_on,
}

async fn a_session_goes_to_a_person_a_team_or_the_queue(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    assert_eq!(session["staff"]["username"], "sam");
    let tom = hark.serving(&admin, "tom", "sales").await;
    let path = at(&session, "/transfer");
    let given = hark.post(&sam, &path, &json!({"to": "tom"})).await.expect(200);
    assert_eq!((&given["staff"]["username"], &given["state"]), (&json!("tom"), &json!("active")));
    // The room goes along.
    let room = format!("/api/v1/rooms/{}/messages", session["room_id"]);
    hark.get(&tom, &room).await.expect(200);
    hark.get(&sam, &room).await.refused(403, "forbidden");
    hark.get(&sam, &at(&session, "")).await.expect(200);
    // To the queue of a team that nobody serves at the moment.
    hark.off_duty(&admin, "eve", "night").await;
    let waits = hark.post(&tom, &path, &json!({"team": "night"})).await.expect(200);
    assert_eq!(
        (&waits["state"], &waits["team"], &waits["position"]),
        (&json!("queued"), &json!("night"), &json!(1))
    );
    assert_eq!(waits["staff"], serde_json::Value::Null);
    let back = hark.post(&admin, &path, &json!({"to": tom.id})).await.expect(200);
    assert_eq!(back["staff"]["username"], "tom");
    // Back to its own queue, out of which the next one free gets it.
    hark.put(&tom, "/api/v1/support/status", &json!({"status": "busy"})).await.expect(200);
    let queued = hark.post(&tom, &path, &json!({"queue": true})).await.expect(200);
    assert_eq!((&queued["state"], &queued["team"]), (&json!("queued"), &json!("night")));
    hark.stop().await;
}

async fn a_transfer_that_can_not_be_changes_nothing(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "").await;
    hark.off_duty(&admin, "off", "").await;
    let full = hark.serving(&admin, "full", "sales").await;
    let path = format!("/api/v1/support/staff/{}", full.id);
    hark.put(&admin, &path, &json!({"max_sessions": 1})).await.expect(200);
    hark.session(&hark.visitor().await, &json!({"team": "sales"})).await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    hark.user("ann").await;
    let path = at(&session, "/transfer");
    for (status, code, says, body) in [
        (400, "invalid", "to: ", json!({})),
        (400, "invalid", "to: ", json!({"queue": false})),
        (400, "invalid", "to: ", json!({"to": "off", "queue": true})),
        (400, "invalid", "to: ", json!({"to": "off", "team": "sales"})),
        (400, "invalid", "to: ", json!({"team": "sales", "queue": true})),
        (400, "invalid", "to: ", json!({"to": [], "queue": true})),
        (400, "invalid", "team: ", json!({"team": "nowhere"})),
        (400, "invalid", "queue: ", json!({"queue": "yes"})),
        (404, "not_found", "to: ", json!({"to": "nobody"})),
        (409, "conflict", "to: ", json!({"to": "off"})),
        (409, "conflict", "to: ", json!({"to": "ann"})),
        (409, "conflict", "to: ", json!({"to": 999})),
        (409, "conflict", "to: ", json!({"to": "full"})),
    ] {
        let sentence = hark.unchanged(&admin, (status, code), hark.post(&sam, &path, &body)).await;
        assert!(sentence.starts_with(says), "{body}: {sentence}");
    }
    hark.post(&sam, &at(&session, "/close"), &json!({})).await.expect(200);
    let body = json!({"queue": true});
    hark.unchanged(&admin, (409, "conflict"), hark.post(&sam, &path, &body)).await;
    hark.stop().await;
}

async fn only_who_may_hands_a_session_on(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let colleague = hark.off_duty(&admin, "col", "").await;
    let stranger = hark.off_duty(&admin, "str", "sales").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    let body = json!({"queue": true});
    let path = at(&session, "/transfer");
    for client in [&visitor, &hark.visitor().await, &hark.user("ann").await] {
        hark.unchanged(&admin, (403, "forbidden"), hark.post(client, &path, &body)).await;
    }
    let sentence = hark.unchanged(&admin, (403, "forbidden"), hark.post(&stranger, &path, &body)).await;
    assert!(sentence.contains("support.manage"), "{sentence}");
    // Whoever waits may be taken by anybody of the team; whoever is served may not.
    hark.post(&colleague, &path, &body).await.expect(200);
    let _serving = hark.serving(&admin, "sam", "").await;
    let sentence = hark.unchanged(&admin, (403, "forbidden"), hark.post(&colleague, &path, &body)).await;
    assert!(sentence.contains("support.manage"), "{sentence}");
    hark.stop().await;
}
