use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::model::Role;
use shared::names::METADATA_MAX_BYTES;

use super::desk::{VISITORS, at};
use crate::hark::{World, on_both};

on_both! {
    a_visitor_comes_without_an_account_and_comes_back_by_their_key,
    a_bad_arrival_names_its_field_and_makes_nobody,
    an_address_that_sends_too_many_visitors_waits,
    a_visitor_says_where_they_are_now,
    a_key_opens_nothing_once_its_visitor_is_banned_or_something_else,
    a_visitor_is_told_of_nobody,
}

/// An object of that many bytes as JSON.
fn object(bytes: usize) -> Value {
    json!({ "k": "x".repeat(bytes - r#"{"k":""}"#.len()) })
}

async fn a_visitor_comes_without_an_account_and_comes_back_by_their_key(world: &World) {
    let hark = world.start().await;
    let empty = hark.to(Method::POST, VISITORS);
    let first = crate::hark::answer(empty).await.expect(201);
    let name = first["user"]["username"].as_str().unwrap();
    assert!(name.starts_with("visitor-") && first["user"]["nickname"] == name, "{first}");
    assert!(first["expires_at"].as_i64() > Some(hark.running.app().clock.now().0));
    let key = first["visitor_key"].as_str().unwrap();
    assert_eq!(key.len(), 43);
    let back = json!({"visitor_key": key, "name": "Ann"});
    let again = hark.post_as_nobody(VISITORS, &back).await.expect(200);
    assert_eq!(again["user"], json!({"id": first["user"]["id"], "username": name, "nickname": "Ann"}));
    assert_eq!(again["visitor_key"], key);
    let token = again["token"].as_str().unwrap();
    let me = hark.request(Method::GET, "/api/v1/users/me", token, None).await.expect(200);
    assert_eq!((&me["role"], &me["nickname"]), (&json!("visitor"), &json!("Ann")));
    let other = hark.post_as_nobody(VISITORS, &json!({})).await.expect(201);
    assert_ne!(other["user"]["id"], first["user"]["id"]);
    assert_ne!(other["visitor_key"], first["visitor_key"]);
    // A key that a client made is as good as one of ours.
    let own = json!({"visitor_key": "A".repeat(43)});
    let made = hark.post_as_nobody(VISITORS, &own).await.expect(201);
    assert_eq!(hark.post_as_nobody(VISITORS, &own).await.expect(200)["user"], made["user"]);
    hark.stop().await;
}

async fn a_bad_arrival_names_its_field_and_makes_nobody(world: &World) {
    let hark = world.start().await;
    let before = hark.visitor().await;
    for (field, value) in [
        ("visitor_key", json!("short")),
        ("visitor_key", json!("A".repeat(44))),
        ("visitor_key", json!("+".repeat(43))),
        ("visitor_key", json!(7)),
        ("name", json!("")),
        ("name", json!("n".repeat(65))),
        ("page", json!("https://example.com")),
        ("page", object(METADATA_MAX_BYTES + 1)),
        ("metadata", json!([])),
        ("metadata", object(METADATA_MAX_BYTES + 1)),
    ] {
        let sentence = hark.post_as_nobody(VISITORS, &json!({field: value})).await.refused(400, "invalid");
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    let fits = json!({"page": object(METADATA_MAX_BYTES), "metadata": object(METADATA_MAX_BYTES)});
    let after = hark.visitor_who(&fits).await;
    assert_eq!(after.id, before.id + 1, "nobody was made in between");
    hark.stop().await;
}

async fn an_address_that_sends_too_many_visitors_waits(world: &World) {
    let limits = [("RATE_LIMIT_VISITORS_PER_HOUR", "1"), ("RATE_LIMIT_VISITORS_BURST", "2")];
    let hark = world.start_with(&limits).await;
    let come = async || hark.post_as_nobody(VISITORS, &json!({})).await;
    assert_eq!((come().await.status, come().await.status), (201, 201));
    come().await.refused(429, "rate_limited");
    let register = json!({"username": "ann", "password": "123456"});
    assert_eq!(hark.post_as_nobody("/api/v1/auth/register", &register).await.status, 201, "counted apart");
    world.clock.turn(Duration::from_secs(3_600));
    assert_eq!(come().await.status, 201);
    hark.stop().await;
}

async fn a_visitor_says_where_they_are_now(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let visitor = hark.visitor_who(&json!({"page": {"url": "/a"}, "metadata": {"plan": "free"}})).await;
    let session = hark.session(&visitor, &json!({})).await;
    let me = format!("{VISITORS}/me");
    let shown = async || {
        let shown = hark.get(&admin, &at(&session, "")).await.expect(200);
        (shown["page"].clone(), shown["metadata"].clone(), shown["visitor"]["nickname"].clone())
    };
    let moved = hark.patch(&visitor, &me, &json!({"page": {"url": "/b"}, "name": "Ann"})).await.expect(200);
    assert_eq!((&moved["page"], &moved["nickname"]), (&json!({"url": "/b"}), &json!("Ann")));
    let now = (json!({"url": "/b"}), json!({"plan": "free"}), json!("Ann"));
    assert_eq!(shown().await, now);
    for (field, value) in
        [("page", object(METADATA_MAX_BYTES + 1)), ("metadata", json!(1)), ("name", json!(" "))]
    {
        let mut body = json!({"page": {"url": "/c"}, "name": "Bob"});
        body[field] = value;
        let sentence = hark.patch(&visitor, &me, &body).await.refused(400, "invalid");
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    hark.patch(&admin, &me, &json!({"name": "Bob"})).await.refused(403, "forbidden");
    assert_eq!(shown().await, now);
    assert_eq!(hark.get(&admin, "/api/v1/users/me").await.expect(200)["nickname"], "ADMIN");
    hark.stop().await;
}

async fn a_key_opens_nothing_once_its_visitor_is_banned_or_something_else(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let come = async |key: &str| hark.post_as_nobody(VISITORS, &json!({"visitor_key": key})).await;
    let (banned, promoted, gone) = ("A".repeat(43), "E".repeat(43), "I".repeat(43));
    let user = async |key: &str| come(key).await.expect(201);
    let path = format!("/api/v1/users/{}/ban", user(&banned).await["user"]["id"]);
    hark.post(&admin, &path, &json!({"minutes": 5})).await.expect(200);
    come(&banned).await.refused(403, "forbidden");
    let path = format!("/api/v1/users/{}/role", user(&promoted).await["user"]["id"]);
    hark.put(&admin, &path, &json!({"role": "staff"})).await.expect(200);
    come(&promoted).await.refused(403, "forbidden");
    // Who deleted their account is somebody new by the same key.
    let left = user(&gone).await;
    let token = left["token"].as_str().unwrap();
    hark.request(Method::DELETE, "/api/v1/users/me", token, None).await.expect(200);
    let anew = come(&gone).await.expect(201);
    assert_ne!(anew["user"]["id"], left["user"]["id"]);
    hark.stop().await;
}

async fn a_visitor_is_told_of_nobody(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let serving = hark.serving(&admin, "sam", "").await;
    let (ann, visitor) = (hark.user("ann").await, hark.visitor().await);
    let mut socket = hark.connect(&visitor).await;
    for user in ["ann", "nobody", &ann.id.to_string(), "sam"] {
        hark.get(&visitor, &format!("/api/v1/users/{user}")).await.refused(404, "not_found");
        hark.get(&visitor, &format!("/api/chat/online/status/{user}")).await.refused(404, "not_found");
        let block = format!("/api/v1/users/me/blocks/{user}");
        hark.put(&visitor, &block, &json!({})).await.refused(404, "not_found");
        hark.delete(&visitor, &block).await.refused(404, "not_found");
        for frame in [
            json!({"type": "message", "to": user, "content": "hello"}),
            json!({"type": "typing", "to": user, "state": "typing"}),
        ] {
            socket.refused("forbidden", frame).await;
        }
    }
    assert_eq!(hark.get(&ann, "/api/v1/users/sam").await.status, 200);
    // Whoever serves them they may look up.
    hark.session(&visitor, &json!({})).await;
    let sam = hark.get(&visitor, "/api/v1/users/sam").await.expect(200);
    assert_eq!(sam["id"], serving.id);
    hark.get(&visitor, "/api/chat/online/status/sam").await.expect(200);
    hark.get(&visitor, "/api/v1/users/ann").await.refused(404, "not_found");
    hark.stop().await;
}
