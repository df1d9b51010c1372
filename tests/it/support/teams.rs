use serde_json::{Value, json};
use shared::model::Role;
use shared::names::{OFFLINE_MESSAGE_MAX_CHARS, TEAM_NAME_MAX_CHARS};
use shared::support::hours::HOURS_SPANS_MAX;

use crate::hark::{World, on_both};

on_both! {
    a_manager_sets_up_teams_and_everybody_sees_whether_they_are_open,
    a_bad_team_names_its_field_and_changes_nothing,
}

const TEAMS: &str = "/api/v1/support/teams";

fn all_week(from: &str, to: &str) -> Value {
    let week: Vec<Value> = (1..=7).map(|day| json!({"day": day, "from": from, "to": to})).collect();
    json!({"time_zone": "Europe/Berlin", "week": week})
}

async fn a_manager_sets_up_teams_and_everybody_sees_whether_they_are_open(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let visitor = hark.visitor().await;
    let list = async || hark.get(&visitor, TEAMS).await.expect(200)["teams"].clone();
    let desk = json!({
        "name": "", "strategy": "least_sessions", "hours": null, "offline_message": null,
        "open": true, "opens_at": null,
    });
    assert_eq!(list().await, json!([desk]));
    let message = "m".repeat(OFFLINE_MESSAGE_MAX_CHARS);
    let settings =
        json!({"strategy": "round_robin", "hours": all_week("00:00", "00:00"), "offline_message": message});
    let set = hark.put(&admin, &format!("{TEAMS}/sales"), &settings).await.expect(200);
    for (field, value) in settings.as_object().unwrap() {
        assert_eq!(&set[field], value);
    }
    assert_eq!((&set["name"], &set["open"]), (&json!("sales"), &json!(true)));
    let never = json!({"hours": {"time_zone": "UTC", "week": []}});
    let closed = hark.put(&admin, &format!("{TEAMS}/default"), &never).await.expect(200);
    assert_eq!(
        (&closed["name"], &closed["open"], &closed["opens_at"]),
        (&json!(""), &json!(false), &Value::Null)
    );
    assert_eq!(list().await, json!([closed, set]));
    // What isn't said is as if nobody had set it up.
    let plain = hark.put(&admin, &format!("{TEAMS}/default"), &json!({})).await.expect(200);
    assert_eq!(plain, desk);
    hark.stop().await;
}

async fn a_bad_team_names_its_field_and_changes_nothing(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let path = format!("{TEAMS}/sales");
    hark.put(&admin, &path, &json!({"offline_message": "closed"})).await.expect(200);
    let span = |day: Value, from: &str| json!({"time_zone": "UTC", "week": [{"day": day, "from": from, "to": "18:00"}]});
    let full = json!({"day": 1, "from": "09:00", "to": "18:00"});
    let spans = |n: usize| json!({"time_zone": "UTC", "week": vec![full.clone(); n]});
    for (field, value) in [
        ("strategy", json!("random")),
        ("offline_message", json!("")),
        ("offline_message", json!("m".repeat(OFFLINE_MESSAGE_MAX_CHARS + 1))),
        ("hours.time_zone", json!({"time_zone": "Mars/Olympus", "week": []})),
        ("hours.week[0].day", span(json!(8), "09:00")),
        ("hours.week[0].day", span(json!("Monday"), "09:00")),
        ("hours.week[0].from", span(json!(1), "9")),
        ("hours.week", spans(HOURS_SPANS_MAX + 1)),
    ] {
        let name = field.split('.').next().unwrap();
        let body = json!({name: value});
        let sentence = hark.unchanged(&admin, (400, "invalid"), hark.put(&admin, &path, &body)).await;
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    for name in ["a%20b".to_owned(), "t".repeat(TEAM_NAME_MAX_CHARS + 1)] {
        let path = format!("{TEAMS}/{name}");
        hark.unchanged(&admin, (400, "invalid"), hark.put(&admin, &path, &json!({}))).await;
    }
    for role in [Role::User, Role::Visitor, Role::Staff, Role::Service] {
        let client = hark.user_as(&format!("{role:?}"), role).await;
        let sentence = hark.unchanged(&admin, (403, "forbidden"), hark.put(&client, &path, &json!({}))).await;
        assert!(sentence.contains("support.manage"), "{sentence}");
    }
    hark.put(&admin, &path, &json!({"hours": spans(HOURS_SPANS_MAX)})).await.expect(200);
    hark.stop().await;
}
