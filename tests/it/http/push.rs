use serde_json::{Value, json};
use shared::webhook::URL_MAX_CHARS;

use super::world::{Hark, Person};

const SUBSCRIPTIONS: &str = "/api/v1/users/me/push-subscriptions";

/// As a browser's `PushSubscription.toJSON()`.
fn browser(name: &str) -> Value {
    json!({
        "endpoint": format!("https://push.example.com/{name}"),
        "expirationTime": null,
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    })
}

async fn listed(person: &Person<'_>) -> usize {
    person.get(SUBSCRIPTIONS).await.ok()["subscriptions"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_browser_subscribes_and_unsubscribes() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let mut described = browser("a");
    described["device"] = json!("the laptop");
    let made = ann.post(SUBSCRIPTIONS, described).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    assert_eq!(
        (&made["endpoint"], &made["device"]),
        (&json!("https://push.example.com/a"), &json!("the laptop"))
    );
    assert!(made.get("auth").is_none() && made.get("keys").is_none(), "{made}");
    assert_eq!(ann.get(SUBSCRIPTIONS).await.ok(), json!({"subscriptions": [made]}));

    let path = format!("{SUBSCRIPTIONS}/{}", made["id"]);
    bob.delete(&path).await.refused(404, "not_found");
    assert_eq!(ann.delete(&path).await.status, 204);
    ann.delete(&path).await.refused(404, "not_found");
    assert_eq!(listed(&ann).await, 0);
}

#[tokio::test]
async fn a_bad_subscription_is_refused_and_its_field_named() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let bad = [
        ("endpoint", json!("nowhere")),
        ("endpoint", json!("http://push.example.com/a")),
        ("endpoint", json!("https://127.0.0.1/a")),
        ("endpoint", json!("https://169.254.169.254/latest/meta-data")),
        ("endpoint", json!("https://[::ffff:10.0.0.1]/a")),
        ("endpoint", json!(format!("https://push.example.com/{}", "x".repeat(URL_MAX_CHARS)))),
        ("expirationTime", json!(1)),
        ("expirationTime", json!("tomorrow")),
        ("keys.p256dh", json!("BCVxsr7N_eNgVRqvHtD0zTZsEc6")),
        ("keys.auth", json!("BTBZMqHH6r4Tts7J_aSI")),
        ("device", json!("")),
    ];
    for (field, value) in bad {
        let mut described = browser("a");
        match field.split_once('.') {
            Some((outer, inner)) => described[outer][inner] = value,
            None => described[field] = value,
        }
        let answer = ann.post(SUBSCRIPTIONS, described).await;
        answer.refused(400, "invalid");
        assert!(answer.message().starts_with(&format!("{field}: ")), "{answer:?}");
    }
    assert_eq!(listed(&ann).await, 0);
}

#[tokio::test]
async fn a_user_has_ten_devices_and_no_eleventh() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    for n in 1..=10 {
        ann.post(SUBSCRIPTIONS, browser(&n.to_string())).await.ok();
    }
    ann.post(SUBSCRIPTIONS, browser("11")).await.refused(409, "conflict");
    ann.post(SUBSCRIPTIONS, browser("10")).await.ok();
    assert_eq!(listed(&ann).await, 10);
}

#[tokio::test]
async fn a_logout_ends_the_subscriptions() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    ann.post(SUBSCRIPTIONS, browser("a")).await.ok();
    ann.do_post("/api/v1/auth/logout").await;
    let kept = hark.app.push_subscriptions.subscriptions(ann.id, hark.app.clock.now()).await.unwrap();
    assert_eq!(kept, []);
}

#[tokio::test]
async fn without_web_push_there_is_no_key() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    ann.get("/api/v1/users/me/push-key").await.refused(404, "not_found");
}
