use serde_json::{Value, json};
use shared::model::Role;
use shared::names::TEAM_NAME_MAX_CHARS;

use super::desk::at;
use crate::hark::{World, on_both};

on_both! {
    who_serves_is_listed_by_team,
    a_manager_sets_team_and_number_of_those_who_serve,
    who_comes_online_is_given_who_waits,
}

const STAFF: &str = "/api/v1/support/staff";
const STATUS: &str = "/api/v1/support/status";

fn names(answer: &Value) -> Vec<&str> {
    answer["staff"].as_array().unwrap().iter().map(|member| member["username"].as_str().unwrap()).collect()
}

async fn who_serves_is_listed_by_team(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "sales").await;
    hark.off_duty(&admin, "tom", "").await;
    hark.session(&hark.visitor().await, &json!({"team": "sales"})).await;
    let list = async |query: &str| hark.get(&sam, &format!("{STAFF}{query}")).await.expect(200);
    let all = list("").await;
    assert_eq!(names(&all), ["tom", "sam"]);
    let told = |n: usize| {
        let member = &all["staff"][n];
        (member["team"].clone(), member["status"].clone(), member["sessions"].clone())
    };
    assert_eq!(told(0), (json!(""), json!("offline"), json!(0)));
    assert_eq!(told(1), (json!("sales"), json!("online"), json!(1)));
    assert_eq!(all["staff"][1]["max_sessions"], 5);
    assert_eq!(names(&list("?team=sales").await), ["sam"]);
    assert_eq!(names(&list("?team=default").await), ["tom"]);
    assert_eq!(names(&list("?page=2&page_size=1").await), ["sam"]);
    hark.get(&sam, &format!("{STAFF}?page=0")).await.refused(400, "invalid");
    for client in [&hark.visitor().await, &hark.user("ann").await] {
        hark.get(client, STAFF).await.refused(403, "forbidden");
    }
    hark.stop().await;
}

async fn a_manager_sets_team_and_number_of_those_who_serve(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.user_as("sam", Role::Staff).await;
    hark.user("ann").await;
    let path = format!("{STAFF}/sam");
    let set = async |body: &Value| {
        let member = hark.put(&admin, &path, body).await.expect(200);
        (member["team"].clone(), member["max_sessions"].clone())
    };
    assert_eq!(set(&json!({"team": "sales", "max_sessions": 2})).await, (json!("sales"), json!(2)));
    assert_eq!(set(&json!({"max_sessions": 1000})).await, (json!("sales"), json!(1000)));
    assert_eq!(set(&json!({"team": "default"})).await, (json!(""), json!(1000)));
    assert_eq!(set(&json!({"max_sessions": null})).await, (json!(""), json!(5)));
    let longest = "t".repeat(TEAM_NAME_MAX_CHARS);
    assert_eq!(set(&json!({"team": longest})).await, (json!(longest), json!(5)));
    for (field, body) in [
        ("team", json!({"team": "t".repeat(TEAM_NAME_MAX_CHARS + 1)})),
        ("team", json!({"team": "a/b", "max_sessions": 1})),
        ("max_sessions", json!({"team": "night", "max_sessions": 0})),
        ("max_sessions", json!({"max_sessions": 1001})),
        ("max_sessions", json!({"max_sessions": "2"})),
    ] {
        let sentence = hark.unchanged(&admin, (400, "invalid"), hark.put(&admin, &path, &body)).await;
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    let body = json!({"team": "night"});
    for client in [&sam, &hark.user("bob").await, &hark.visitor().await] {
        let sentence = hark.unchanged(&admin, (403, "forbidden"), hark.put(client, &path, &body)).await;
        assert!(sentence.contains("support.manage"), "{sentence}");
    }
    let ann = format!("{STAFF}/ann");
    let sentence = hark.unchanged(&admin, (400, "invalid"), hark.put(&admin, &ann, &body)).await;
    assert!(sentence.starts_with("user: "), "{sentence}");
    for nobody in ["nobody", "999"] {
        let path = format!("{STAFF}/{nobody}");
        hark.unchanged(&admin, (404, "not_found"), hark.put(&admin, &path, &body)).await;
    }
    hark.stop().await;
}

async fn who_comes_online_is_given_who_waits(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.off_duty(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    let body = json!({"status": "online"});
    for client in [&visitor, &hark.user("ann").await, &hark.user_as("robot", Role::Service).await] {
        hark.unchanged(&admin, (403, "forbidden"), hark.put(client, STATUS, &body)).await;
    }
    let nonsense = json!({"status": "asleep"});
    let sentence = hark.unchanged(&admin, (400, "invalid"), hark.put(&sam, STATUS, &nonsense)).await;
    assert!(sentence.starts_with("status: "), "{sentence}");
    let absent = hark.put(&sam, STATUS, &body).await.expect(200);
    assert_eq!((&absent["status"], &absent["sessions"]), (&json!("offline"), &json!(0)), "without a socket");
    let resting = json!({"status": "away"});
    // What they chose holds from when they come, which is looked at beside what they ask for next.
    hark.post(&sam, STATUS, &resting).await.expect(200);
    let _socket = hark.connect(&sam).await;
    let away = hark.post(&sam, STATUS, &resting).await.expect(200);
    assert_eq!((&away["status"], &away["sessions"]), (&json!("away"), &json!(0)));
    let online = hark.put(&sam, STATUS, &body).await.expect(200);
    assert_eq!((&online["status"], &online["sessions"]), (&json!("online"), &json!(1)));
    assert_eq!(hark.get(&sam, &at(&session, "")).await.expect(200)["staff"]["id"], sam.id);
    // It is what everybody is shown, as by `status_update`.
    hark.put(&sam, STATUS, &json!({"status": "busy"})).await.expect(200);
    let shown = hark.get(&admin, "/api/chat/online/status/sam").await.expect(200);
    assert_eq!(shown["status"], "busy");
    let next = hark.session(&hark.visitor().await, &json!({})).await;
    assert_eq!(next["state"], "queued", "who is busy is given nobody");
    hark.stop().await;
}
