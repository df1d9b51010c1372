use serde_json::{Value, json};
use shared::search::{QUERY_MAX_CHARS, QUERY_MAX_PIECES};

use super::world::{Answer, Hark, Person};

/// `q` as it stands in a URL.
async fn search(person: &Person<'_>, q: &str, more: &str) -> Answer {
    let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
    person.get(&format!("/api/v1/messages/search?q={q}{more}")).await
}

fn contents(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn messages_are_found_in_ones_own_rooms_newest_first() {
    let hark = Hark::start().await;
    let (ann, bob, eve) = (hark.person("Ann").await, hark.person("Bob").await, hark.person("Eve").await);
    let (room, other) = (ann.group(&[bob.id]).await, ann.group(&[]).await);
    ann.say(&room, "明天去北京").await;
    bob.say(&room, "北京 or Shanghai?").await;
    ann.say(&other, "北京北京").await;
    let all = search(&ann, "北京", "").await.ok();
    assert_eq!(contents(&all), ["北京北京", "北京 or Shanghai?", "明天去北京"]);
    assert_eq!((&all["page"], &all["page_size"], &all["total"]), (&json!(1), &json!(20), &json!(3)));
    assert_eq!((&all["messages"][1]["sender_name"], &all["messages"][1]["seq"]), (&json!("Bob"), &json!(2)));
    assert_eq!(contents(&search(&bob, "北京", "&page=2&page_size=1").await.ok()), ["明天去北京"]);
    let id = room.rsplit('/').next().unwrap();
    assert_eq!(contents(&search(&ann, "SHANGHAI", &format!("&room_id={id}")).await.ok()).len(), 1);
    assert_eq!(search(&eve, "北京", "").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_room_that_is_named_must_be_ones_own() {
    let hark = Hark::start().await;
    let (ann, eve) = (hark.person("Ann").await, hark.person("Eve").await);
    let room = ann.group(&[]).await;
    let id = room.rsplit('/').next().unwrap();
    ann.say(&room, "secret").await;
    search(&eve, "secret", &format!("&room_id={id}")).await.refused(403, "forbidden");
    search(&eve, "secret", "&room_id=999").await.refused(404, "not_found");
    search(&eve, "secret", "&room_id=nowhere").await.refused(404, "not_found");
}

#[tokio::test]
async fn what_was_edited_is_found_as_it_reads_now_and_what_was_recalled_is_not() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    let message = async |content: &str| {
        let ack = ann.say(&room, content).await;
        format!("{room}/messages/{}", ack["message_id"].as_str().unwrap())
    };
    let (edited, recalled) = (message("first words").await, message("other words").await);
    ann.patch(&edited, json!({"content": "last words"})).await.ok();
    ann.delete(&recalled).await.ok();
    assert_eq!(contents(&search(&ann, "words", "").await.ok()), ["last words"]);
    assert_eq!(search(&ann, "first", "").await.ok()["total"], 0);
}

#[tokio::test]
async fn a_query_that_cannot_be_is_refused_by_its_name() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let many = |count: usize| (0..count).map(|n| format!("{n} ")).collect::<String>();
    let fine = ["%", "\"", "x".repeat(QUERY_MAX_CHARS).as_str(), &many(QUERY_MAX_PIECES)].map(str::to_owned);
    for (at, q) in fine.into_iter().enumerate() {
        search(&ann, &format!("{q}{}", if at < 2 { "a" } else { "" }), "").await.ok();
    }
    for q in ["", "  ", "?!", "👍", "%", "\"\"", "\0"] {
        assert!(search(&ann, q, "").await.message().starts_with("q: must hold"), "{q:?}");
    }
    for q in ["x".repeat(QUERY_MAX_CHARS + 1), many(QUERY_MAX_PIECES + 1)] {
        let answer = search(&ann, &q, "").await;
        answer.refused(400, "invalid");
        assert!(answer.message().starts_with("q: has "), "{answer:?}");
    }
    ann.get("/api/v1/messages/search").await.refused(400, "invalid");
    search(&ann, "x", "&page=0").await.refused(400, "invalid");
    search(&ann, "x", "&page_size=101").await.refused(400, "invalid");
    hark.call(None, http::Method::GET, "/api/v1/messages/search?q=x", None)
        .await
        .refused(401, "unauthenticated");
}
