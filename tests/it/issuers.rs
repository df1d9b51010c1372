//! Tokens of a team's own identity provider, which publishes its keys.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock, UnixMs};
use shared::identity::Caller;
use shared::ports::NewBan;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::clients;
use crate::hark::{Answer, Hark, World, on_both};

/// A provider that runs beside Hark, and ends with the case.
struct Provider {
    url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Provider {
    async fn start() -> Self {
        let mut process =
            clients::command("key_server.py").await.stdout(Stdio::piped()).spawn().expect("Python starts");
        let mut said = String::new();
        let output = process.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut said).await.expect("it says its port");
        let said: Value = serde_json::from_str(&said).expect("its port, as JSON");
        let url = format!("http://127.0.0.1:{}", said["port"]);
        Self { url, http: reqwest::Client::new(), _process: process }
    }

    async fn tell(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.url)).json(&body).send().await;
        answer.expect("it answers").json().await.expect("JSON")
    }

    async fn asked(&self) -> i64 {
        let answer = self.http.get(format!("{}/asked", self.url)).send().await.expect("it answers");
        answer.json::<Value>().await.expect("JSON")["asked"].as_i64().expect("a number")
    }

    /// A token for `sub`, with more claims.
    async fn token(&self, hark: &Hark, kid: &str, sub: &str, more: Value) -> String {
        let claims = self.claims(hark, sub, more);
        self.mint(json!({"kid": kid, "claims": claims})).await
    }

    async fn mint(&self, wanted: Value) -> String {
        let minted = self.tell("/mint", wanted).await;
        minted["token"].as_str().expect("a token").to_owned()
    }

    fn claims(&self, hark: &Hark, sub: &str, more: Value) -> Value {
        let now = hark.running.app().clock.now().seconds();
        let mut claims = json!({
            "iss": self.url, "aud": "hark", "sub": sub, "iat": now, "exp": now + 3600, "name": "Ann Lee",
            "preferred_username": "ann",
        });
        for (name, value) in more.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        claims
    }

    async fn start_hark(&self, world: &World) -> Hark {
        let issuer =
            json!({"issuer": self.url, "audience": "hark", "jwks_url": format!("{}/jwks.json", self.url)});
        world.start_with(&[("JWT_ISSUERS", &json!([issuer]).to_string())]).await
    }
}

async fn me(hark: &Hark, token: &str) -> Answer {
    hark.request(reqwest::Method::GET, "/api/v1/users/me", token, None).await
}

async fn a_user_of_the_providers_is_made_at_first_sight_and_opens_a_socket(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let by_rsa = provider.token(&hark, "rsa-1", "user|42", json!({})).await;
    let first = me(&hark, &by_rsa).await.expect(200);
    assert_eq!(
        (&first["username"], &first["nickname"], &first["role"]),
        (&json!("ann"), &json!("Ann Lee"), &json!("user"))
    );
    let by_ec = provider.token(&hark, "ec-1", "user|42", json!({})).await;
    assert_eq!(me(&hark, &by_ec).await.expect(200)["id"], first["id"], "the same, by another key");
    let other = provider.token(&hark, "ec-1", "user|43", json!({})).await;
    let other = me(&hark, &other).await.expect(200);
    assert_ne!(other["id"], first["id"], "another, whose name is taken");
    assert_eq!(provider.asked().await, 1, "the keys are kept");

    let mut socket = hark.open(&format!("/?token={by_ec}"), &[]).await.expect("it opens");
    socket.send(&json!({"type": "heartbeat", "id": "h"})).await;
    assert_eq!(socket.next_of("heartbeat").await["id"], "h");
    hark.stop().await;
}

async fn what_the_provider_did_not_mean_for_hark_is_refused(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let now = hark.running.app().clock.now().seconds();
    for (claims, reason) in [
        (json!({"aud": "another"}), "aud"),
        (json!({"exp": now}), "expired"),
        (json!({"nbf": now + 120}), "valid yet"),
        (json!({"iss": "https://somebody.else.example"}), "malformed"),
    ] {
        let token = provider.token(&hark, "rsa-1", "42", claims.clone()).await;
        let said = me(&hark, &token).await.refused(401, "unauthenticated");
        assert!(said.contains(reason) || claims.get("iss").is_some(), "{claims}: {said}");
    }
    // Signed by a key that it has, but doesn't publish.
    let token = provider.token(&hark, "rsa-2", "42", json!({})).await;
    assert!(me(&hark, &token).await.refused(401, "unauthenticated").contains("signature"));
    let claims = provider.claims(&hark, "42", json!({}));
    let nameless = provider.mint(json!({"kid": "rsa-1", "claims": claims, "nameless": true})).await;
    assert!(me(&hark, &nameless).await.refused(401, "unauthenticated").contains("kid"));
    // The published key as if it were a shared secret.
    let good = provider.token(&hark, "rsa-1", "42", json!({})).await;
    let (unsigned, _) = good.rsplit_once('.').expect("a signature");
    assert_eq!(me(&hark, &format!("{unsigned}.")).await.status, 401);
    hark.stop().await;
}

async fn a_new_key_is_fetched_and_a_withdrawn_one_forgotten(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let old = provider.token(&hark, "rsa-1", "42", json!({})).await;
    me(&hark, &old).await.expect(200);
    provider.tell("/publish", json!({"kids": ["rsa-2"]})).await;
    let new = provider.token(&hark, "rsa-2", "42", json!({})).await;
    assert_eq!(me(&hark, &new).await.status, 401, "it asked a moment ago");
    world.clock.turn(Duration::from_secs(30));
    me(&hark, &new).await.expect(200);
    assert_eq!(me(&hark, &old).await.status, 401);
    assert_eq!(provider.asked().await, 2);
    hark.stop().await;
}

async fn a_provider_that_is_away_stops_only_whom_nobody_knows(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    provider.tell("/down", json!({"down": true})).await;
    let token = provider.token(&hark, "rsa-1", "42", json!({})).await;
    me(&hark, &token).await.refused(503, "unavailable");
    provider.tell("/down", json!({"down": false})).await;
    world.clock.turn(Duration::from_secs(30));
    me(&hark, &token).await.expect(200);
    provider.tell("/down", json!({"down": true})).await;
    world.clock.turn(Duration::from_secs(11 * 60));
    me(&hark, &token).await.expect(200);
    world.clock.turn(Duration::from_secs(24 * 3_600));
    let late = provider.token(&hark, "rsa-1", "42", json!({})).await;
    me(&hark, &late).await.refused(503, "unavailable");
    hark.stop().await;
}

async fn logging_out_refuses_what_was_issued_before(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let token = provider.token(&hark, "ec-1", "42", json!({})).await;
    me(&hark, &token).await.expect(200);
    world.clock.turn(Duration::from_secs(1));
    let logout = hark.request(reqwest::Method::POST, "/api/v1/auth/logout", &token, None).await;
    assert_eq!(logout.status, 204);
    assert!(me(&hark, &token).await.refused(401, "unauthenticated").contains("revoked"));
    world.clock.turn(Duration::from_secs(1));
    let next = provider.token(&hark, "ec-1", "42", json!({})).await;
    me(&hark, &next).await.expect(200);
    hark.stop().await;
}

async fn a_withdrawn_key_is_forgotten_within_ten_minutes(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let token = provider.token(&hark, "rsa-1", "42", json!({})).await;
    me(&hark, &token).await.expect(200);
    provider.tell("/publish", json!({"kids": ["ec-1"]})).await;
    world.clock.turn(Duration::from_secs(9 * 60));
    me(&hark, &token).await.expect(200);
    assert_eq!(provider.asked().await, 1, "what is known serves for ten minutes");
    world.clock.turn(Duration::from_secs(60));
    me(&hark, &token).await.refused(401, "unauthenticated");
    hark.stop().await;
}

async fn a_key_for_encryption_signs_nothing(world: &World) {
    let provider = Provider::start().await;
    provider.tell("/publish", json!({"use": "enc"})).await;
    let hark = provider.start_hark(world).await;
    let token = provider.token(&hark, "rsa-1", "42", json!({})).await;
    me(&hark, &token).await.refused(401, "unauthenticated");
    hark.stop().await;
}

async fn of_first_requests_that_come_at_once_one_makes_the_user(world: &World) {
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    for round in 0..5 {
        let claims = json!({"preferred_username": format!("ann{round}")});
        let token = provider.token(&hark, "ec-1", &format!("user|{round}"), claims).await;
        let seen = join_all((0..8).map(|_| me(&hark, &token))).await;
        let ids: BTreeSet<i64> =
            seen.into_iter().map(|seen| seen.expect(200)["id"].as_i64().expect("an id")).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
    }
    hark.stop().await;
}

async fn a_caller_lasts_as_long_as_the_token_and_not_beyond_a_ban_or_a_revocation(world: &World) {
    // A whole second, so that what is issued now is issued at the very moment of the revocation.
    world.clock.stand_at(UnixMs(SystemClock.now().seconds() * 1_000));
    let provider = Provider::start().await;
    let hark = provider.start_hark(world).await;
    let app = hark.running.app();
    let token = provider.token(&hark, "ec-1", "42", json!({})).await;
    let caller = Caller::from_bearer(app, &token).await.expect("it is theirs");
    assert_eq!(caller.expires_at, app.clock.now().plus(3_600_000));
    app.accounts.revoke_tokens(caller.user, app.clock.now()).await.expect("revoked");
    assert!(me(&hark, &token).await.refused(401, "unauthenticated").contains("revoked"));

    world.clock.turn(Duration::from_secs(1));
    let now = app.clock.now();
    let ban =
        NewBan { user: caller.user, until: now.plus(1_000), reason: String::new(), by: caller.user, now };
    app.bans.ban(&ban).await.expect("banned");
    world.clock.turn(Duration::from_millis(999));
    let next = provider.token(&hark, "ec-1", "42", json!({"iat": now.seconds() + 1})).await;
    me(&hark, &next).await.refused(403, "forbidden");
    world.clock.turn(Duration::from_millis(1));
    me(&hark, &next).await.expect(200);
    hark.stop().await;
}

on_both! {
    a_withdrawn_key_is_forgotten_within_ten_minutes,
    a_key_for_encryption_signs_nothing,
    of_first_requests_that_come_at_once_one_makes_the_user,
    a_caller_lasts_as_long_as_the_token_and_not_beyond_a_ban_or_a_revocation,
    a_user_of_the_providers_is_made_at_first_sight_and_opens_a_socket,
    what_the_provider_did_not_mean_for_hark_is_refused,
    a_new_key_is_fetched_and_a_withdrawn_one_forgotten,
    a_provider_that_is_away_stops_only_whom_nobody_knows,
    logging_out_refuses_what_was_issued_before,
}
