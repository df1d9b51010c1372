//! A browser on some device: its keys, and how it reads what it is pushed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::rand_core::OsRng;

use super::service::{Received, Service};
use crate::clients;
use crate::hark::{Client, Hark};

/// Signs the pushes; its public half is what browsers subscribe with.
pub const VAPID_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
pub const SUBJECT: &str = "mailto:push@example.com";

pub struct Device {
    pub name: &'static str,
    key: SecretKey,
    auth: [u8; 16],
}

impl Device {
    pub fn new(name: &'static str) -> Self {
        Self { name, key: SecretKey::random(&mut OsRng), auth: *b"sixteen bytes ok" }
    }

    /// Subscribes as `client`; the id of the subscription.
    pub async fn subscribe(&self, hark: &Hark, client: &Client, service: &Service) -> i64 {
        let p256dh = BASE64.encode(self.key.public_key().to_sec1_bytes());
        let body = json!({
            "endpoint": service.url(self.name),
            "expirationTime": null,
            "keys": {"p256dh": p256dh, "auth": BASE64.encode(self.auth)},
            "device": self.name,
        });
        let made = hark.post(client, "/api/v1/users/me/push-subscriptions", &body).await.expect(201);
        made["id"].as_i64().unwrap()
    }

    /// What the pushes say, by somebody else's reading of the RFCs.
    pub async fn read(&self, pushes: &[Received]) -> Vec<Value> {
        let mut arguments = vec![BASE64.encode(self.key.to_bytes()), BASE64.encode(self.auth)];
        arguments.extend(pushes.iter().map(|push| BASE64.encode(&push.body)));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        serde_json::from_value(clients::run("read_pushes.py", &arguments, &[]).await).unwrap()
    }
}

/// The push is signed by the key that browsers were given, for this service and for some hours.
pub fn is_signed(push: &Received, service: &Service, public_key: &str) {
    let header = push.headers["authorization"].to_str().unwrap();
    let (token, key) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, public_key);
    let point = BASE64.decode(key).unwrap();
    let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..]));
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[service.origin()]);
    let key = DecodingKey::from_ec_components(&x, &y).unwrap();
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims;
    assert_eq!(claims["sub"], SUBJECT);
    let life = claims["exp"].as_i64().unwrap() - push.at.seconds();
    assert!((3_600..=86_400).contains(&life), "{life}");
}
