use serde_json::json;
use shared::model::Role;
use shared::names::COMMENT_MAX_CHARS;

use super::desk::at;
use crate::hark::{World, on_both};

on_both! {
    either_side_closes_a_session_once,
    only_who_may_closes_a_session,
    a_visitor_rates_what_is_closed_once,
}

async fn either_side_closes_a_session_once(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({"message": "hello"})).await;
    let closed = hark.post(&visitor, &at(&session, "/close"), &json!({})).await.expect(200);
    assert_eq!((&closed["state"], &closed["closed_by"]), (&json!("closed"), &json!("visitor")));
    assert!(closed["closed_at"].is_i64());
    assert_eq!(
        hark.post(&sam, &at(&session, "/close"), &json!({})).await.expect(200)["closed_by"],
        "visitor"
    );
    // What was said can be read, and nothing more said.
    let room = format!("/api/v1/rooms/{}/messages", session["room_id"]);
    for client in [&visitor, &sam] {
        assert_eq!(hark.get(client, &room).await.expect(200)["total"], 1);
        hark.post(client, &room, &json!({"content": "one more"})).await.refused(409, "conflict");
    }
    let again = hark.session(&visitor, &json!({})).await;
    let closed = hark.post(&sam, &at(&again, "/close"), &json!({})).await.expect(200);
    assert_eq!(closed["closed_by"], "staff");
    hark.stop().await;
}

async fn only_who_may_closes_a_session(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let _serving = hark.serving(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    let (path, body) = (at(&session, "/close"), json!({}));
    for client in [&hark.visitor().await, &hark.user("ann").await] {
        hark.unchanged(&admin, (404, "not_found"), hark.post(client, &path, &body)).await;
    }
    for (name, team) in [("colleague", ""), ("stranger", "sales")] {
        let client = hark.off_duty(&admin, name, team).await;
        let sentence = hark.unchanged(&admin, (403, "forbidden"), hark.post(&client, &path, &body)).await;
        assert!(sentence.contains("support.manage"), "{sentence}");
    }
    hark.post(&admin, &path, &body).await.expect(200);
    hark.stop().await;
}

async fn a_visitor_rates_what_is_closed_once(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    let path = at(&session, "/rating");
    let good = json!({"rating": 5});
    hark.unchanged(&admin, (409, "conflict"), hark.post(&visitor, &path, &good)).await;
    hark.post(&visitor, &at(&session, "/close"), &json!({})).await.expect(200);
    for (field, body) in [
        ("rating", json!({"rating": 0})),
        ("rating", json!({"rating": 6})),
        ("rating", json!({"rating": 4.5})),
        ("rating", json!({"rating": "5"})),
        ("comment", json!({"rating": 5, "comment": "c".repeat(COMMENT_MAX_CHARS + 1)})),
    ] {
        let sentence = hark.unchanged(&admin, (400, "invalid"), hark.post(&visitor, &path, &body)).await;
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    hark.unchanged(&admin, (400, "invalid"), hark.post(&visitor, &path, &json!({}))).await;
    for client in [&sam, &admin] {
        hark.unchanged(&admin, (403, "forbidden"), hark.post(client, &path, &good)).await;
    }
    let other = hark.visitor().await;
    hark.unchanged(&admin, (404, "not_found"), hark.post(&other, &path, &good)).await;
    let comment = "c".repeat(COMMENT_MAX_CHARS);
    let rated = hark.post(&visitor, &path, &json!({"rating": 1, "comment": comment})).await.expect(200);
    assert_eq!((&rated["rating"], &rated["comment"]), (&json!(1), &json!(comment)));
    hark.unchanged(&admin, (409, "conflict"), hark.post(&visitor, &path, &good)).await;
    // The other spelling, without a comment.
    let next = hark.session(&visitor, &json!({})).await;
    hark.post(&visitor, &at(&next, "/close"), &json!({})).await.expect(200);
    let rated = hark.post(&visitor, &at(&next, "/rate"), &good).await.expect(200);
    assert_eq!((&rated["rating"], &rated["comment"]), (&json!(5), &json!("")));
    hark.stop().await;
}
