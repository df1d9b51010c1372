//! What takes no token is limited by address and by name.

use http::Method;
use serde_json::{Value, json};

use crate::hark::{Hark, World, on_both};

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";

async fn login(hark: &Hark, username: &str, password: &str) -> (u16, Value) {
    let body = json!({"username": username, "password": password});
    let answer = hark.post_as_nobody(LOGIN, &body).await;
    (answer.status, answer.body["error"]["code"].clone())
}

async fn registered(hark: &Hark, username: &str) -> u16 {
    let body = json!({"username": username, "password": "123456"});
    hark.post_as_nobody(REGISTER, &body).await.status
}

async fn an_address_that_tries_too_many_logins_waits(world: &World) {
    let limits = [("RATE_LIMIT_LOGIN_PER_MINUTE", "1"), ("RATE_LIMIT_LOGIN_BURST", "3")];
    let hark = world.start_with(&limits).await;
    assert_eq!(registered(&hark, "ann").await, 201);
    for name in ["ann", "bob", "eve"] {
        assert_eq!(login(&hark, name, "guess").await, (401, json!("unauthenticated")));
    }
    let body = json!({"username": "ann", "password": "123456"});
    let response = hark.to(Method::POST, LOGIN).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 429, "the right password, too");
    let retry_after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry_after), "{retry_after}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "rate_limited");
    assert!(body["error"]["retry_after_ms"].as_u64().unwrap().div_ceil(1000) == retry_after, "{body}");
    hark.stop().await;
}

async fn a_name_is_guessed_at_slowly_wherever_from(world: &World) {
    let limits = [("RATE_LIMIT_LOGIN_NAME_PER_MINUTE", "1"), ("RATE_LIMIT_LOGIN_NAME_BURST", "2")];
    let hark = world.start_with(&limits).await;
    assert_eq!(registered(&hark, "ann").await, 201);
    assert_eq!(login(&hark, "ann", "guess").await.0, 401);
    assert_eq!(login(&hark, "ANN", "guess").await.0, 401, "names count whatever their case");
    assert_eq!(login(&hark, "ann", "guess").await, (429, json!("rate_limited")));
    assert_eq!(login(&hark, "bob", "guess").await.0, 401, "others are as free as before");
    hark.stop().await;
}

async fn an_old_password_is_guessed_at_slowly_too(world: &World) {
    let limits = [("RATE_LIMIT_LOGIN_NAME_PER_MINUTE", "1"), ("RATE_LIMIT_LOGIN_NAME_BURST", "2")];
    let hark = world.start_with(&limits).await;
    let ann = hark.user("ann").await;
    let guess = json!({"old_password": "guess", "new_password": "1234567"});
    for expected in [403, 403, 429] {
        assert_eq!(hark.post(&ann, "/api/v1/auth/password", &guess).await.status, expected);
    }
    hark.stop().await;
}

async fn an_address_that_registers_too_often_waits(world: &World) {
    let limits = [("RATE_LIMIT_REGISTER_PER_HOUR", "1"), ("RATE_LIMIT_REGISTER_BURST", "2")];
    let hark = world.start_with(&limits).await;
    assert_eq!(registered(&hark, "ann").await, 201);
    assert_eq!(registered(&hark, "bob").await, 201);
    assert_eq!(registered(&hark, "eve").await, 429);
    assert_eq!(login(&hark, "ann", "123456").await.0, 200, "logins are counted apart");
    world.clock.turn(std::time::Duration::from_secs(3_600));
    assert_eq!(registered(&hark, "eve").await, 201);
    hark.stop().await;
}

on_both! {
    an_address_that_tries_too_many_logins_waits,
    a_name_is_guessed_at_slowly_wherever_from,
    an_old_password_is_guessed_at_slowly_too,
    an_address_that_registers_too_often_waits,
}
