//! Keys of tokens.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock, UnixMs};
use shared::config::Config;
use shared::identity::Tokens;
use shared::model::Account;

use super::scene::{JWT_SECRET, Scene};
use crate::conformance::account;
use crate::hark::{World, on_services};
use crate::thaw::{Instance, all_variables, app};

const HANDSHAKE: &str = include_str!("../../../events/authorize/token-in-query.json");
const KEYS: &str = "hark/keys";
const NEW: &str = "k2:the-key-that-is-rotated-in-while-it-runs";
const THEIRS: &str = "the-key-that-a-shop-shares-with-us-now";
const THEIRS_BEFORE: &str = "the-key-that-a-shop-shared-with-us-before";

/// A function that checks tokens, and whose they are.
struct Door {
    scene_variables: Vec<(String, String)>,
    instance: Instance,
    account: Account,
}

impl Door {
    async fn open(world: &World, scene: &Scene<'_>) -> Self {
        let app = app(&all_variables(world, &[])).await;
        let account = app.accounts.create(account("ann"), app.clock.now()).await.unwrap();
        let services = world.services();
        let urls = [
            ("DATABASE_URL", services.database_url.as_str()),
            ("REDIS_URL", &services.redis.url),
            ("RABBITMQ_URL", &services.vhost.url),
        ];
        let scene_variables = scene.manager.variables(KEYS, &urls);
        let instance = Instance::of("authorize", &scene_variables, &world.folder().join("authorize.log"));
        Self { scene_variables, instance, account }
    }

    /// A token of Hark's own by the first of these keys.
    fn token(&self, keys: &str) -> String {
        let config = Config::from_vars(|key| match key {
            "JWT_SECRET" => Some(keys.to_owned()),
            _ => self.scene_variables.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()),
        });
        let tokens = Tokens::new(&config.expect("a configuration").identity);
        tokens.issue(&self.account, SystemClock.now()).expect("a token").0
    }

    async fn lets_in(&self, token: &str) -> bool {
        let mut event: Value = serde_json::from_str(HANDSHAKE).unwrap();
        event["queryStringParameters"]["token"] = json!(token);
        event["multiValueQueryStringParameters"]["token"] = json!([token]);
        let policy = self.instance.invoke(event).await.expect("a policy");
        policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    }
}

fn issuers(keys: &Value) -> String {
    json!([{"issuer": "shop", "keys": keys}]).to_string()
}

fn token_of_the_shop(kid: &str, secret: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    let UnixMs(now) = SystemClock.now();
    let claims = json!({"iss": "shop", "sub": "42", "exp": now / 1000 + 3600, "iat": now / 1000});
    encode(&header, &claims, &EncodingKey::from_secret(secret.as_bytes())).expect("it signs")
}

#[tokio::test]
async fn keys_that_are_rotated_in_are_taken_by_a_function_that_runs() {
    on_services(async |world| {
        let scene = Scene::new(world).await;
        let old = json!({"2026-05": THEIRS_BEFORE});
        scene.manager.put(KEYS, &[("JWT_SECRET", JWT_SECRET), ("JWT_ISSUERS", &issuers(&old))]).await;
        let door = Door::open(world, &scene).await;
        assert!(door.lets_in(&door.token(JWT_SECRET)).await);
        assert_eq!(scene.manager.asked(KEYS).await, 1);

        let both = json!({"2026-05": old["2026-05"], "2026-11": THEIRS});
        let keys = format!("{NEW},{JWT_SECRET}");
        scene.manager.put(KEYS, &[("JWT_SECRET", &keys), ("JWT_ISSUERS", &issuers(&both))]).await;
        assert!(door.lets_in(&door.token(NEW)).await);
        assert_eq!(scene.manager.asked(KEYS).await, 2);
        assert!(door.lets_in(&door.token(JWT_SECRET)).await, "the one before is good still");
        assert!(door.lets_in(&token_of_the_shop("2026-11", THEIRS)).await);
        let made_up = ["k3", "k4"].map(|kid| format!("{kid}:a-key-that-somebody-has-made-up-for-this"));
        for keys in &made_up {
            assert!(!door.lets_in(&door.token(keys)).await);
        }
        assert_eq!(scene.manager.asked(KEYS).await, 2, "nobody has it read on and on");
    })
    .await;
}

#[tokio::test]
async fn a_key_of_an_issuer_that_is_rotated_in_is_taken_by_a_function_that_runs() {
    on_services(async |world| {
        let scene = Scene::new(world).await;
        let old = json!({"2026-05": THEIRS_BEFORE});
        scene.manager.put(KEYS, &[("JWT_SECRET", JWT_SECRET), ("JWT_ISSUERS", &issuers(&old))]).await;
        let door = Door::open(world, &scene).await;
        assert!(door.lets_in(&token_of_the_shop("2026-05", THEIRS_BEFORE)).await);
        assert_eq!(scene.manager.asked(KEYS).await, 1, "its key is known");
        let new = json!({"2026-11": THEIRS});
        scene.manager.put(KEYS, &[("JWT_SECRET", JWT_SECRET), ("JWT_ISSUERS", &issuers(&new))]).await;
        assert!(door.lets_in(&token_of_the_shop("2026-11", THEIRS)).await);
        assert_eq!(scene.manager.asked(KEYS).await, 2);
    })
    .await;
}

#[tokio::test]
async fn keys_that_do_not_hold_together_are_not_taken() {
    on_services(async |world| {
        let scene = Scene::new(world).await;
        scene.manager.put(KEYS, &[("JWT_SECRET", JWT_SECRET)]).await;
        let door = Door::open(world, &scene).await;
        assert!(door.lets_in(&door.token(JWT_SECRET)).await);
        scene.manager.put(KEYS, &[("JWT_SECRET", "k2:short")]).await;
        assert!(!door.lets_in(&door.token(NEW)).await);
        assert!(door.lets_in(&door.token(JWT_SECRET)).await, "those from before serve on");
        let log = std::fs::read_to_string(world.folder().join("authorize.log")).unwrap();
        assert!(
            log.contains("the secrets have changed and are not taken") && log.contains("JWT_SECRET: key k2"),
            "{log}"
        );
        assert!(!log.contains("k2:short"), "{log}");
    })
    .await;
}
