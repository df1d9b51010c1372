//! Who may open a socket, by what credential, and how everyone else is refused.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use shared::config::{IdentityConfig, Secret, SigningKey};
use shared::identity::{Claims, Tokens};

use crate::hark::{Client, Hark, Refused, World, on_both};

const SECRET: &str = "a secret of the tests with 32 bytes";
const VARIABLES: &[(&str, &str)] = &[("JWT_SECRET", SECRET)];

/// A token that says `claims`, signed with `secret` under the key id that a bare secret has.
fn signed(claims: &Claims, secret: &str) -> String {
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn claims_of(hark: &Hark, client: &Client) -> Claims {
    let app = hark.running.app();
    app.tokens.verify(&client.token, app.clock.now()).unwrap()
}

fn expired(claims: &Claims) -> String {
    signed(&Claims { iat: claims.iat - 7200, exp: claims.iat - 3600, ..claims.clone() }, SECRET)
}

/// {"alg":"none","typ":"JWT"} over the real claims, without a signature.
fn unsigned(token: &str) -> String {
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", token.split('.').nth(1).unwrap())
}

async fn refusal(hark: &Hark, path: &str, headers: &[(&'static str, &str)]) -> Refused {
    match hark.open(path, headers).await {
        Ok(_) => panic!("{path} was let in"),
        Err(refused) => refused,
    }
}

/// The status, and the reason that the runner adds for developers.
async fn denied(hark: &Hark, path: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    let Refused { status, body } = refusal(hark, path, headers).await;
    assert!(body["message"].is_string(), "{body}");
    (status, body["reason"].as_str().unwrap_or_default().to_owned())
}

async fn no_token_is_401_and_a_bad_one_403_with_its_reason(world: &World) {
    let hark = world.start_with(VARIABLES).await;
    let ann = hark.user("ann").await;
    let claims = claims_of(&hark, &ann);
    assert!(hark.open(&format!("/?token={}", signed(&claims, SECRET)), &[]).await.is_ok(), "a good one");

    let Refused { status, body } = refusal(&hark, "/", &[]).await;
    assert_eq!((status, &body["message"]), (401, &json!("Unauthorized")));
    let cases = [
        (expired(&claims), "the token has expired"),
        (signed(&claims, "another secret of at least 32 bytes!"), "the token's signature is not ours"),
        (unsigned(&ann.token), ""),
        ("nonsense".to_owned(), "the token is malformed"),
    ];
    for (token, reason) in &cases {
        let (status, said) = denied(&hark, &format!("/?token={token}"), &[]).await;
        assert_eq!(status, 403, "{token}");
        assert!(!said.is_empty() && said.contains(reason), "{said:?}, not {reason:?}");
    }
    let stats = hark.running.app().presence.online(hark.running.app().clock.now()).await.unwrap();
    assert!(stats.connections <= 1, "nobody refused is registered: {stats:?}");
    hark.stop().await;
}

async fn the_same_tokens_are_refused_over_http(world: &World) {
    let hark = world.start_with(VARIABLES).await;
    let ann = hark.user("ann").await;
    let claims = claims_of(&hark, &ann);
    let body = json!({"name": "team"});
    let request = hark.to(http::Method::POST, "/api/v1/rooms").json(&body);
    crate::hark::answer(request).await.refused(401, "unauthenticated");
    let forged = signed(&claims, "another secret of at least 32 bytes!");
    let mut said = std::collections::HashSet::new();
    for token in [expired(&claims), forged, "nonsense".to_owned()] {
        let answer = hark.request(http::Method::POST, "/api/v1/rooms", &token, Some(&body)).await;
        said.insert(answer.refused(401, "unauthenticated"));
    }
    assert_eq!(said.len(), 3, "each has its own words: {said:?}");
    let answer = hark.request(http::Method::POST, "/api/v1/rooms", &unsigned(&ann.token), Some(&body)).await;
    answer.refused(401, "unauthenticated");
    assert_eq!(hark.rooms_of(&ann).await, 0);
    hark.stop().await;
}

async fn another_users_id_is_refused(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    for claimed in [bob.id.to_string(), "bob".to_owned(), "somebody".to_owned()] {
        let (status, reason) =
            denied(&hark, &format!("/ws/chat?userId={claimed}&token={}", ann.token), &[]).await;
        assert_eq!((status, reason.as_str()), (403, "userId is not the token's user"));
    }
    for own in [ann.id.to_string(), "ann".to_owned()] {
        assert!(hark.open(&format!("/ws/chat?userId={own}&token={}", ann.token), &[]).await.is_ok());
    }
    hark.stop().await;
}

async fn a_hostile_origin_is_refused(world: &World) {
    let hark = world.start_with(&[("ALLOWED_ORIGINS", "https://chat.example")]).await;
    let ann = hark.user("ann").await;
    let path = format!("/?token={}", ann.token);
    let own = hark.running.http_url();
    for hostile in ["https://evil.example", "null", "https://chat.example.evil.example"] {
        let (status, reason) = denied(&hark, &path, &[("origin", hostile)]).await;
        assert_eq!((status, reason.as_str()), (403, "the origin is not allowed"), "{hostile}");
    }
    for allowed in ["https://chat.example", own.as_str()] {
        assert!(hark.open(&path, &[("origin", allowed)]).await.is_ok(), "{allowed}");
    }
    hark.stop().await;
}

async fn a_revoked_token_opens_nothing(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    hark.post(&ann, "/api/v1/auth/logout", &Value::Null).await.expect(204);
    let (status, reason) = denied(&hark, &format!("/?token={}", ann.token), &[]).await;
    assert_eq!((status, reason.as_str()), (403, "the token was revoked"));
    hark.get(&ann, "/api/v1/rooms").await.refused(401, "unauthenticated");
    hark.stop().await;
}

async fn the_token_may_come_by_header_or_subprotocol(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let bearer = format!("Bearer {}", ann.token);
    assert!(hark.open("/", &[("authorization", &bearer)]).await.is_ok());
    let offer = format!("hark.v1, bearer.{}", ann.token);
    let mut socket = hark.open("/", &[("sec-websocket-protocol", &offer)]).await.unwrap();
    assert_eq!(socket.headers["sec-websocket-protocol"], "hark.v1");
    assert_eq!(socket.ask(&json!({"type": "heartbeat"})).await["content"], "pong");
    hark.stop().await;
}

async fn a_ticket_opens_one_socket(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let issued = hark.post(&ann, "/api/v1/auth/ticket", &Value::Null).await.expect(200);
    let path = format!("/?ticket={}", issued["ticket"].as_str().unwrap());
    let mut socket = hark.open(&path, &[]).await.unwrap();
    let room = hark.group(&ann, &[]).await;
    socket.say(room, "by ticket").await;
    let (status, reason) = denied(&hark, &path, &[]).await;
    assert_eq!((status, reason.as_str()), (403, "the ticket was used or has expired"));
    assert_eq!(denied(&hark, "/?ticket=made-up", &[]).await.0, 403);
    hark.stop().await;
}

#[tokio::test]
async fn a_key_of_another_hark_is_refused() {
    crate::hark::on_embedded(async |world: &World| {
        let hark = world.start().await;
        let ann = hark.user("ann").await;
        let account =
            hark.running.app().accounts.account(shared::ids::UserId(ann.id)).await.unwrap().unwrap();
        let key = SigningKey { kid: "1".to_owned(), secret: Secret::new("x".repeat(32)) };
        let ours = hark.running.app().config.identity.clone();
        let theirs = Tokens::new(&IdentityConfig { keys: vec![key], ..ours });
        let (token, _) = theirs.issue(&account, hark.running.app().clock.now()).unwrap();
        assert_eq!(denied(&hark, &format!("/?token={token}"), &[]).await.0, 403);
        hark.stop().await;
    })
    .await;
}

on_both! {
    no_token_is_401_and_a_bad_one_403_with_its_reason,
    the_same_tokens_are_refused_over_http,
    another_users_id_is_refused,
    a_hostile_origin_is_refused,
    a_revoked_token_opens_nothing,
    the_token_may_come_by_header_or_subprotocol,
    a_ticket_opens_one_socket,
}
