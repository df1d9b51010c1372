//! A runner that is told everything by its environment, as the document's service is.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::rabbitmq::topology::EXCHANGE;

use super::{SECRET, as_written, with};
use crate::exchange_name::exists;
use crate::hark::{Socket, World, on_embedded, on_services};
use crate::soak::Node;

const MINUTE_S: i64 = 60;

/// Somebody who registered with a runner; their token.
async fn registered(node: &Node, username: &str) -> String {
    let body = json!({"username": username, "password": "secret1"});
    let client = reqwest::Client::new();
    let request = client.post(format!("http://{}/api/v1/auth/register", node.address())).json(&body);
    let response = request.send().await.expect("it answers");
    assert_eq!(response.status(), StatusCode::CREATED);
    let answer: Value = response.json().await.expect("JSON");
    answer["token"].as_str().expect("a token").to_owned()
}

/// For how many minutes a token of that secret holds.
fn minutes_of(token: &str, secret: &str) -> i64 {
    let rules = Validation::new(Algorithm::HS256);
    let key = DecodingKey::from_secret(secret.as_bytes());
    let claims =
        jsonwebtoken::decode::<Value>(token, &key, &rules).expect("it is signed by that secret").claims;
    (claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()) / MINUTE_S
}

async fn open(node: &Node, token: &str) -> Result<Socket, u16> {
    let url = format!("ws://{}/ws/client123?token={token}", node.address());
    Socket::open(&url, &[]).await.map_err(|refused| refused.status)
}

async fn beat(socket: &mut Socket) -> Value {
    socket.ask(&json!({"type": "heartbeat"})).await["interval_ms"].clone()
}

/// Whether it answers on another of this machine's addresses.
async fn is_open_to_others(node: &Node) -> bool {
    let url = format!("http://{}/health", node.address().replace("127.0.0.1", "127.0.0.2"));
    reqwest::get(url).await.is_ok_and(|response| response.status() == StatusCode::OK)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_environment_starts_a_runner_on_its_services() {
    on_services(async |world: &World| {
        let variables = with(world, &[("JWT_SECRET_KEY", SECRET)]);
        let node = Node::start(world.folder(), variables).await;
        assert!(is_open_to_others(&node).await, "HOST=0.0.0.0");
        let token = registered(&node, "ann").await;
        assert_eq!(minutes_of(&token, SECRET), 1440);
        let mut socket = open(&node, &token).await.unwrap();
        assert_eq!(beat(&mut socket).await, 30_000);

        let mut redis = world.services().redis.connection().await;
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut redis).await.unwrap();
        assert!(!keys.is_empty(), "who is there stands in the Redis of REDIS_URL");
        assert!(exists(world, EXCHANGE).await, "in the virtual host of RABBITMQ_URL");
        assert!(!node.log().contains(r#""level":"DEBUG""#), "DEBUG=false");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_secret_is_refused_as_too_short() {
    on_services(async |world: &World| {
        let said = Node::refused(world.folder(), with(world, &[])).await;
        assert!(said.contains("JWT_SECRET: key 1 is under 32 bytes"), "{said}");
        let secret = as_written().into_iter().find(|(name, _)| name == "JWT_SECRET_KEY").unwrap().1;
        assert!(!said.contains(&secret), "and isn't shown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_counts_when_it_says_something_else() {
    on_embedded(async |world: &World| {
        let other = "another secret of 32 bytes as well";
        let variables = with(
            world,
            &[
                ("DEBUG", "true"),
                ("HOST", "127.0.0.1"),
                ("WEBSOCKET_MAX_CONNECTIONS", "1"),
                ("WEBSOCKET_PING_INTERVAL", "7"),
                ("JWT_SECRET_KEY", other),
                ("JWT_EXPIRE_MINUTES", "5"),
            ],
        );
        let node = Node::start(world.folder(), variables).await;
        assert!(!is_open_to_others(&node).await);
        let token = registered(&node, "eve").await;
        assert_eq!(minutes_of(&token, other), 5);
        let mut socket = open(&node, &token).await.unwrap();
        assert_eq!(beat(&mut socket).await, 7_000);
        assert_eq!(open(&node, &token).await.err(), Some(503), "one more than there may be");
        assert!(node.log().contains(r#""level":"DEBUG""#), "{}", node.log());
    })
    .await;
}
