use jsonwebtoken::{EncodingKey, encode};
use serde_json::{Value, json};

use super::*;
use crate::Code;
use crate::config::{Secret, SigningKey};

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn shop(audience: Option<&str>) -> Issuers {
    let key = |kid: &str, secret: &str| SigningKey { kid: kid.to_owned(), secret: Secret::new(secret) };
    let keys = IssuerKeys::Shared(vec![key("new", SECRET), key("old", &SECRET.to_uppercase())]);
    Issuers::new(&[IssuerConfig { issuer: "shop".into(), audience: audience.map(str::to_owned), keys }])
}

fn claims() -> Value {
    let now = NOW.seconds();
    json!({"iss": "shop", "sub": "42", "iat": now, "exp": now + 60, "preferred_username": "ann", "name": "Ann"})
}

fn token(kid: Option<&str>, secret: &str, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = kid.map(str::to_owned);
    encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).expect("it signs")
}

async fn refusal(issuers: &Issuers, claims: &Value) -> String {
    let refused = issuers.verify(&token(Some("new"), SECRET, claims), NOW).await.expect_err("refused");
    assert_eq!(refused.code, Code::Unauthenticated);
    refused.message
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

#[tokio::test]
async fn a_shared_key_vouches_by_its_name_or_as_the_first() {
    let issuers = shop(None);
    for token in [
        token(Some("new"), SECRET, &claims()),
        token(Some("old"), &SECRET.to_uppercase(), &claims()),
        token(None, SECRET, &claims()),
    ] {
        let vouched = issuers.verify(&token, NOW).await.expect("it checks").expect("it is theirs");
        assert_eq!(vouched.identity, ExternalIdentity { issuer: "shop".into(), id: "42".into() });
        assert_eq!((vouched.usernames[0].as_str(), vouched.nickname.as_deref()), ("ann", Some("Ann")));
        assert_eq!((vouched.issued_at, vouched.expires_at), (NOW, NOW.plus(60_000)));
    }
    for token in [token(Some("old"), SECRET, &claims()), token(Some("lost"), SECRET, &claims())] {
        assert_eq!(issuers.verify(&token, NOW).await.expect_err("refused").code, Code::Unauthenticated);
    }
}

#[tokio::test]
async fn somebody_elses_token_is_not_looked_at() {
    let issuers = shop(None);
    let other = token(None, SECRET, &with("iss", json!("bank")));
    assert_eq!(issuers.verify(&other, NOW).await, Ok(None));
    assert_eq!(issuers.verify("nonsense", NOW).await, Ok(None));
    assert!(issuers.knows("shop") && !issuers.knows("bank"));
}

#[tokio::test]
async fn times_and_audience_are_checked() {
    let now = NOW.seconds();
    let issuers = shop(Some("hark"));
    assert!(refusal(&issuers, &claims()).await.contains("malformed"));
    assert!(refusal(&issuers, &with("aud", json!("bank"))).await.contains("aud"));
    let mut ours = with("aud", json!(["bank", "hark"]));
    assert!(issuers.verify(&token(None, SECRET, &ours), NOW).await.is_ok_and(|vouched| vouched.is_some()));
    ours["exp"] = json!(now);
    assert!(refusal(&issuers, &ours).await.contains("expired"));
    ours["exp"] = json!(now + 60);
    ours["nbf"] = json!(now + CLOCK_SKEW_S);
    assert!(issuers.verify(&token(None, SECRET, &ours), NOW).await.is_ok());
    ours["nbf"] = json!(now + CLOCK_SKEW_S + 1);
    assert!(refusal(&issuers, &ours).await.contains("valid yet"));
}

#[tokio::test]
async fn a_subject_has_1_to_255_characters() {
    let issuers = shop(None);
    let of = |length: usize| with("sub", json!("s".repeat(length)));
    assert!(issuers.verify(&token(None, SECRET, &of(SUBJECT_MAX_CHARS)), NOW).await.is_ok());
    assert!(refusal(&issuers, &of(SUBJECT_MAX_CHARS + 1)).await.contains("sub"));
    assert!(refusal(&issuers, &of(0)).await.contains("sub"));
    assert!(refusal(&issuers, &with("sub", json!("4\0"))).await.contains("sub"), "no store keeps it");
}

#[tokio::test]
async fn what_was_issued_ahead_of_our_clock_is_refused() {
    let issuers = shop(None);
    let at = |seconds: i64| with("iat", json!(NOW.seconds() + seconds));
    assert!(issuers.verify(&token(None, SECRET, &at(CLOCK_SKEW_S)), NOW).await.is_ok());
    assert!(refusal(&issuers, &at(CLOCK_SKEW_S + 1)).await.contains("valid yet"));
}

#[tokio::test]
async fn what_a_token_does_not_say_has_a_meaning() {
    let issuers = shop(None);
    let of = async |changes: Value| {
        let mut claims = claims();
        for (name, value) in changes.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        issuers.verify(&token(None, SECRET, &claims), NOW).await.expect("it checks").expect("it is theirs")
    };
    assert_eq!(of(json!({"iat": null})).await.issued_at, UnixMs(0), "before any revocation");
    assert_eq!(of(json!({"preferred_username": null})).await.usernames, ["42"]);
    assert_eq!(of(json!({})).await.usernames, ["ann", "42"]);
    let names = async |name: Value| of(json!({"name": name, "nickname": "Annie"})).await.nickname;
    assert_eq!(names(json!("Ann")).await.as_deref(), Some("Ann"));
    assert_eq!(names(Value::Null).await.as_deref(), Some("Annie"));
}
