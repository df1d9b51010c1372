use serde_json::{Value, json};
use shared::model::Role;
use shared::names::{CONTENT_MAX_CHARS, SHORTCUT_MAX_CHARS};

use crate::hark::{World, on_both};

on_both! {
    a_team_keeps_replies_ready,
    a_reply_that_can_not_be_changes_nothing,
}

const REPLIES: &str = "/api/v1/support/replies";

fn shortcuts(answer: &Value) -> Vec<&str> {
    answer["replies"].as_array().unwrap().iter().map(|reply| reply["shortcut"].as_str().unwrap()).collect()
}

async fn a_team_keeps_replies_ready(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.off_duty(&admin, "sam", "sales").await;
    let add = async |body: Value| hark.post(&admin, REPLIES, &body).await.expect(201);
    let hello = add(json!({"shortcut": "hello", "content": "Good morning"})).await;
    assert_eq!((&hello["team"], &hello["content"]), (&json!(""), &json!("Good morning")));
    add(json!({"team": "sales", "shortcut": "price", "content": "It costs"})).await;
    let night = add(json!({"team": "night", "shortcut": "zzz", "content": "Sleep well"})).await;
    let list = async |query: &str| hark.get(&sam, &format!("{REPLIES}{query}")).await.expect(200);
    assert_eq!(shortcuts(&list("").await), ["hello", "price"]);
    assert_eq!(shortcuts(&list("?team=night").await), ["hello", "zzz"]);
    assert_eq!(shortcuts(&list("?team=default").await), ["hello"]);
    let page = list("?page=2&page_size=1").await;
    assert_eq!((shortcuts(&page), &page["total"]), (vec!["price"], &json!(2)));
    let path = format!("{REPLIES}/{}", night["id"]);
    let changed = hark.patch(&admin, &path, &json!({"content": "Good night"})).await.expect(200);
    assert_eq!((&changed["shortcut"], &changed["content"]), (&json!("zzz"), &json!("Good night")));
    assert_eq!(hark.delete(&admin, &path).await.status, 204);
    hark.delete(&admin, &path).await.refused(404, "not_found");
    assert_eq!(shortcuts(&list("?team=night").await), ["hello"]);
    hark.stop().await;
}

async fn a_reply_that_can_not_be_changes_nothing(world: &World) {
    let hark = world.start_with(&[("CANNED_REPLIES_MAX", "2")]).await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let most = json!({"shortcut": "s".repeat(SHORTCUT_MAX_CHARS), "content": "c".repeat(CONTENT_MAX_CHARS)});
    let first = hark.post(&admin, REPLIES, &most).await.expect(201);
    let second = hark.post(&admin, REPLIES, &json!({"shortcut": "b", "content": "b"})).await.expect(201);
    for (field, body) in [
        ("shortcut", json!({"shortcut": "", "content": "c"})),
        ("shortcut", json!({"shortcut": "two words", "content": "c"})),
        ("shortcut", json!({"shortcut": "s".repeat(SHORTCUT_MAX_CHARS + 1), "content": "c"})),
        ("content", json!({"shortcut": "c", "content": " "})),
        ("content", json!({"shortcut": "c", "content": "c".repeat(CONTENT_MAX_CHARS + 1)})),
    ] {
        let sentence = hark.unchanged(&admin, (400, "invalid"), hark.post(&admin, REPLIES, &body)).await;
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
        let path = format!("{REPLIES}/{}", second["id"]);
        hark.unchanged(&admin, (400, "invalid"), hark.patch(&admin, &path, &body)).await;
    }
    let third = json!({"shortcut": "c", "content": "c"});
    hark.unchanged(&admin, (409, "conflict"), hark.post(&admin, REPLIES, &third)).await;
    let path = format!("{REPLIES}/{}", second["id"]);
    let taken = json!({"shortcut": first["shortcut"]});
    let sentence = hark.unchanged(&admin, (409, "conflict"), hark.patch(&admin, &path, &taken)).await;
    assert!(sentence.starts_with("shortcut: "), "{sentence}");
    let nowhere = format!("{REPLIES}/999");
    hark.unchanged(&admin, (404, "not_found"), hark.patch(&admin, &nowhere, &third)).await;
    hark.unchanged(&admin, (404, "not_found"), hark.delete(&admin, &nowhere)).await;
    for (role, reads) in
        [(Role::Staff, true), (Role::User, false), (Role::Visitor, false), (Role::Service, false)]
    {
        let client = hark.user_as(&format!("{role:?}"), role).await;
        for request in [hark.post(&client, REPLIES, &third).await, hark.patch(&client, &path, &third).await] {
            let sentence = request.refused(403, "forbidden");
            assert!(sentence.contains("support.manage"), "{sentence}");
        }
        hark.unchanged(&admin, (403, "forbidden"), hark.delete(&client, &path)).await;
        assert_eq!(hark.get(&client, REPLIES).await.status, if reads { 200 } else { 403 });
    }
    // Another team has room of its own.
    hark.post(&admin, REPLIES, &json!({"team": "sales", "shortcut": "c", "content": "c"})).await.expect(201);
    hark.stop().await;
}
