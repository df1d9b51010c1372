use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};
use shared::names::CONTENT_MAX_CHARS;

use super::world::{Answer, Hark, Person};

async fn with_key(hark: &Hark, from: &Person<'_>, room: &str, key: &str, body: Value) -> Answer {
    let request = Request::post(format!("{room}/messages"))
        .header(header::AUTHORIZATION, format!("Bearer {}", from.token))
        .header("Idempotency-Key", key);
    hark.request(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_message_is_acknowledged_and_reaches_who_is_connected() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let room = ann.group(&[bob.id]).await;
    bob.connect("bobs").await;
    let sent = ann.post(&format!("{room}/messages"), json!({"content": "hello"})).await;
    assert_eq!(sent.status, 201);
    let ack = sent.body;
    assert_eq!(ack["seq"], 1);
    let frame = &hark.posted.to("bobs")[0];
    assert_eq!((&frame["type"], &frame["content"]), (&json!("message"), &json!("hello")));
    assert_eq!((&frame["sender_name"], &frame["seq"]), (&json!("Ann"), &ack["seq"]));
    assert_eq!((&frame["message_id"], &frame["timestamp"]), (&ack["message_id"], &ack["timestamp"]));
}

#[tokio::test]
async fn a_repeated_send_is_stored_once_by_header_and_by_body() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    let first = with_key(&hark, &ann, &room, "k1", json!({"content": "one"})).await.ok();
    let again = with_key(&hark, &ann, &room, "k1", json!({"content": "one", "id": "other"})).await.ok();
    assert_eq!(first, again);
    let by_body = ann.post(&format!("{room}/messages"), json!({"content": "one", "id": "k1"})).await.ok();
    assert_eq!(first, by_body);
    let other = with_key(&hark, &ann, &room, "k1", json!({"content": "two"})).await;
    other.refused(409, "conflict");
    with_key(&hark, &ann, &room, "", json!({"content": "two"})).await.refused(400, "invalid");
    assert_eq!(ann.get(&format!("{room}/messages")).await.ok()["total"], 1);
    ann.say(&room, "one").await;
    assert_eq!(ann.get(&format!("{room}/messages")).await.ok()["total"], 2);
}

#[tokio::test]
async fn a_message_that_says_nothing_or_too_much_is_refused_and_not_stored() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    let path = format!("{room}/messages");
    for content in ["", " \n ", &"x".repeat(CONTENT_MAX_CHARS + 1)] {
        let refused = ann.post(&path, json!({"content": content})).await;
        refused.refused(400, "invalid");
        assert!(refused.message().starts_with("content: "));
    }
    ann.post(
        &path,
        json!({"content": "字".repeat(CONTENT_MAX_CHARS), "metadata": {"m": "\u{1}".repeat(600)}}),
    )
    .await
    .ok();
    let wide = json!({"content": "\u{1}".repeat(CONTENT_MAX_CHARS)});
    ann.post(&path, wide).await.refused(413, "too_large");
    ann.post(&path, json!({"content": "x".repeat(300 * 1024)})).await.refused(413, "too_large");
    assert_eq!(ann.get(&path).await.ok()["total"], 1);
}

#[tokio::test]
async fn what_travels_with_a_message_comes_back_untouched() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    let first = ann.say(&room, "first").await;
    let reply = json!({
        "content": "second", "kind": "image", "reply_to": first["message_id"], "metadata": {"w": [1, null]}
    });
    ann.post(&format!("{room}/messages"), reply.clone()).await.ok();
    let stored = &ann.get(&format!("{room}/messages")).await.ok()["messages"][1];
    for key in ["content", "kind", "reply_to", "metadata"] {
        assert_eq!(stored[key], reply[key]);
    }
    let elsewhere = ann.group(&[]).await;
    let strange = json!({"content": "c", "reply_to": first["message_id"]});
    let strange = ann.post(&format!("{elsewhere}/messages"), strange).await;
    strange.refused(400, "invalid");
    assert!(strange.message().starts_with("reply_to: "));
}
