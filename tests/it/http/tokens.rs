use http::{Method, Request};
use shared::clock::UnixMs;
use shared::config::{IdentityConfig, Secret, SigningKey};
use shared::identity::Tokens;

use super::world::{Hark, Person};

/// One path of each function that takes a bearer.
const GUARDED: [(&str, Method); 11] = [
    ("/api/v1/users/me", Method::GET),
    ("/api/v1/users/me", Method::DELETE),
    ("/api/v1/auth/ticket", Method::POST),
    ("/api/v1/rooms", Method::GET),
    ("/api/v1/rooms/1", Method::DELETE),
    ("/api/v1/rooms/1/messages", Method::GET),
    ("/api/v1/rooms/1/join", Method::POST),
    ("/api/v1/rooms/1/members/1", Method::DELETE),
    ("/ws/info", Method::GET),
    ("/api/chat/online/stats", Method::GET),
    ("/api/chat/online/status/ann", Method::GET),
];

async fn refused_everywhere(hark: &Hark, token: Option<&str>, why: &str) {
    for (path, method) in GUARDED {
        let answer = hark.call(token, method, path, None).await;
        answer.refused(401, "unauthenticated");
        assert!(answer.message().contains(why), "{path}: {}", answer.message());
    }
}

#[tokio::test]
async fn a_request_without_a_token_is_refused() {
    refused_everywhere(&Hark::start().await, None, "no token").await;
}

#[tokio::test]
async fn another_scheme_than_bearer_is_refused() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    for value in ["Basic YW5uOjEyMzQ1Ng==", "Bearer", &ann.token] {
        let request = Request::get("/api/v1/users/me").header("authorization", value);
        hark.request(request.body(axum::body::Body::empty()).unwrap()).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_malformed_token_is_refused() {
    let hark = Hark::start().await;
    refused_everywhere(&hark, Some("nonsense"), "malformed").await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let (token, _) = hark.app.tokens.issue(&ann.account, UnixMs(0)).unwrap();
    refused_everywhere(&hark, Some(&token), "expired").await;
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let key = SigningKey { kid: "1".to_owned(), secret: Secret::new("x".repeat(32)) };
    let ours = hark.app.config.identity.clone();
    let (token, _) = Tokens::new(&IdentityConfig { keys: vec![key], ..ours })
        .issue(&ann.account, hark.app.clock.now())
        .unwrap();
    refused_everywhere(&hark, Some(&token), "signature").await;
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    refused_everywhere(&hark, Some(&unsigned(&ann)), "").await;
}

/// Ann's own claims under `{"alg":"none","typ":"JWT"}`.
fn unsigned(ann: &Person<'_>) -> String {
    let claims = ann.token.split('.').nth(1).unwrap();
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
}

#[tokio::test]
async fn logging_out_revokes_every_token() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let (other, _) = hark.app.tokens.issue(&ann.account, hark.app.clock.now()).unwrap();
    assert_eq!(hark.call(Some(&other), Method::GET, "/api/v1/users/me", None).await.status, 200);
    assert_eq!(ann.do_post("/api/v1/auth/logout").await.status, 204);
    refused_everywhere(&hark, Some(&ann.token), "revoked").await;
    refused_everywhere(&hark, Some(&other), "revoked").await;
}
