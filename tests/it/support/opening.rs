use reqwest::Method;
use serde_json::{Value, json};
use shared::model::Role;
use shared::names::{CONTENT_MAX_CHARS, SUBJECT_MAX_CHARS, TEAM_NAME_MAX_CHARS};

use super::desk::{SESSIONS, at};
use crate::hark::{World, answer, on_both};

on_both! {
    who_opens_again_gets_the_same_session,
    a_session_begins_with_what_was_said_once,
    who_waits_is_told_their_place,
    a_bad_opening_names_its_field_and_opens_nothing,
    outside_of_its_hours_a_team_says_so_and_takes_the_session,
}

async fn who_opens_again_gets_the_same_session(world: &World) {
    let hark = world.start().await;
    let (visitor, ann) = (hark.visitor().await, hark.user("ann").await);
    let empty = hark.to(Method::POST, SESSIONS).bearer_auth(&visitor.token);
    let first = answer(empty).await.expect(201);
    assert_eq!((&first["state"], &first["team"]), (&json!("queued"), &json!("")));
    assert_eq!(first["visitor"]["id"], visitor.id);
    let again = hark.post(&visitor, SESSIONS, &json!({"subject": "another"})).await.expect(200);
    assert_eq!(again, first);
    // Whoever has an account may ask for help, too, and staff of each other.
    let anns = hark.session(&ann, &json!({"team": "default", "subject": " help "})).await;
    assert_eq!((&anns["subject"], &anns["team"]), (&json!("help"), &json!("")));
    assert_ne!(anns["room_id"], first["room_id"]);
    hark.post(&visitor, &at(&first, "/close"), &json!({})).await.expect(200);
    assert_ne!(hark.session(&visitor, &json!({})).await["id"], first["id"], "a closed one stays closed");
    hark.stop().await;
}

async fn a_session_begins_with_what_was_said_once(world: &World) {
    let hark = world.start().await;
    let visitor = hark.visitor().await;
    let body = json!({"message": "where is my order?"});
    let open = async || {
        let request = hark.to(Method::POST, SESSIONS).bearer_auth(&visitor.token).json(&body);
        answer(request.header("idempotency-key", "k1")).await
    };
    let session = open().await.expect(201);
    assert_eq!(open().await.expect(200), session);
    let more = json!({"message": "anybody?", "id": "k2"});
    hark.post(&visitor, SESSIONS, &more).await.expect(200);
    let path = format!("/api/v1/rooms/{}/messages", session["room_id"]);
    let said = hark.get(&visitor, &path).await.expect(200)["messages"].clone();
    let said: Vec<&Value> = said.as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["where is my order?", "anybody?"]);
    // The same id with another body.
    let other = json!({"message": "another", "id": "k2"});
    hark.post(&visitor, SESSIONS, &other).await.refused(409, "conflict");
    hark.stop().await;
}

async fn who_waits_is_told_their_place(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let place = |session: &Value| (session["position"].clone(), session["ahead"].clone());
    let (first, second) = (hark.visitor().await, hark.visitor().await);
    assert_eq!(place(&hark.session(&first, &json!({})).await), (json!(1), json!(0)));
    let waiting = hark.session(&second, &json!({})).await;
    assert_eq!(place(&waiting), (json!(2), json!(1)));
    assert_eq!(waiting["estimated_wait_s"], Value::Null, "nobody serves");
    assert!(waiting.as_object().unwrap().contains_key("estimated_wait_s"));
    assert!(waiting.get("offline_message").is_none() && waiting.get("opens_at").is_none());
    let _serving = hark.serving(&admin, "sam", "").await;
    let served = hark.get(&second, &at(&waiting, "")).await.expect(200);
    assert_eq!((&served["state"], &served["staff"]["username"]), (&json!("active"), &json!("sam")));
    assert!(served.get("position").is_none() && served.get("ahead").is_none());
    hark.stop().await;
}

async fn a_bad_opening_names_its_field_and_opens_nothing(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let visitor = hark.visitor().await;
    for (field, value) in [
        ("team", json!("a b")),
        ("team", json!("t".repeat(TEAM_NAME_MAX_CHARS + 1))),
        ("team", json!("nowhere")),
        ("subject", json!("s".repeat(SUBJECT_MAX_CHARS + 1))),
        ("message", json!(" ")),
        ("message", json!("m".repeat(CONTENT_MAX_CHARS + 1))),
        ("id", json!("")),
    ] {
        let body = json!({field: value});
        let sentence = hark.unchanged(&admin, (400, "invalid"), hark.post(&visitor, SESSIONS, &body)).await;
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    let service = hark.user_as("robot", Role::Service).await;
    let body = json!({});
    hark.unchanged(&admin, (403, "forbidden"), hark.post(&service, SESSIONS, &body)).await;
    let nobody = hark.post_as_nobody(SESSIONS, &body);
    hark.unchanged(&admin, (401, "unauthenticated"), nobody).await;
    let team = "t".repeat(TEAM_NAME_MAX_CHARS);
    hark.put(&admin, &format!("/api/v1/support/teams/{team}"), &body).await.expect(200);
    let fits = json!({
        "team": team,
        "subject": "s".repeat(SUBJECT_MAX_CHARS),
        "message": "m".repeat(CONTENT_MAX_CHARS),
    });
    hark.session(&visitor, &fits).await;
    hark.stop().await;
}

async fn outside_of_its_hours_a_team_says_so_and_takes_the_session(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let never = json!({"hours": {"time_zone": "Asia/Shanghai", "week": []}, "offline_message": "come again"});
    hark.put(&admin, "/api/v1/support/teams/default", &never).await.expect(200);
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    assert_eq!((&session["out_of_hours"], &session["state"]), (&json!(true), &json!("queued")));
    assert_eq!((&session["offline_message"], &session["opens_at"]), (&json!("come again"), &Value::Null));
    assert_eq!(session["position"], 1);
    // Open all week but for the day that it is.
    let now = hark.running.app().clock.now();
    let today = (now.0 / 86_400_000 + 3) % 7 + 1;
    let week: Vec<Value> = (1..=7)
        .filter(|day| *day != today)
        .map(|day| json!({"day": day, "from": "00:00", "to": "00:00"}))
        .collect();
    let but_today = json!({"hours": {"time_zone": "UTC", "week": week}});
    hark.put(&admin, "/api/v1/support/teams/default", &but_today).await.expect(200);
    let session = hark.get(&visitor, &at(&session, "")).await.expect(200);
    let tomorrow = (now.0 / 86_400_000 + 1) * 86_400_000;
    assert_eq!((&session["offline_message"], &session["opens_at"]), (&Value::Null, &json!(tomorrow)));
    // Somebody who is there all the same serves it.
    let _serving = hark.serving(&admin, "sam", "").await;
    let served = hark.get(&visitor, &at(&session, "")).await.expect(200);
    assert_eq!((&served["state"], &served["out_of_hours"]), (&json!("active"), &json!(true)));
    assert!(served.get("opens_at").is_none());
    // One that comes while it is open is none of those.
    hark.put(&admin, "/api/v1/support/teams/default", &json!({})).await.expect(200);
    assert_eq!(hark.session(&hark.visitor().await, &json!({})).await["out_of_hours"], false);
    hark.stop().await;
}
