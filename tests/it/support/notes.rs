use serde_json::{Value, json};
use shared::model::Role;
use shared::names::NOTE_MAX_CHARS;

use super::desk::at;
use crate::hark::{World, on_both};

on_both! {
    staff_note_for_each_other_what_visitors_never_see,
}

async fn staff_note_for_each_other_what_visitors_never_see(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.serving(&admin, "sam", "").await;
    let visitor = hark.visitor().await;
    let session = hark.session(&visitor, &json!({})).await;
    let path = at(&session, "/notes");
    let note = json!({"content": "a regular"});
    let made = hark.post(&sam, &path, &note).await.expect(201);
    assert_eq!((&made["content"], &made["author"]["id"]), (&json!("a regular"), &json!(sam.id)));
    let longest = json!({"content": "n".repeat(NOTE_MAX_CHARS)});
    hark.post(&admin, &path, &longest).await.expect(201);
    let notes = async |query: &str| hark.get(&sam, &format!("{path}{query}")).await.expect(200);
    let all = notes("").await;
    assert_eq!((&all["notes"][0], &all["total"]), (&made, &json!(2)));
    assert_eq!(notes("?page=2&page_size=1").await["notes"][0]["content"], longest["content"]);
    let stranger = hark.off_duty(&admin, "stranger", "sales").await;
    for (status, code, client) in [
        (403, "forbidden", &visitor),
        (403, "forbidden", &hark.visitor().await),
        (403, "forbidden", &hark.user("ann").await),
        (403, "forbidden", &stranger),
    ] {
        hark.get(client, &path).await.refused(status, code);
        hark.post(client, &path, &note).await.refused(status, code);
    }
    for content in [json!(""), json!("n".repeat(NOTE_MAX_CHARS + 1)), Value::Null] {
        let sentence = hark.post(&sam, &path, &json!({"content": content})).await.refused(400, "invalid");
        assert!(sentence.starts_with("content: "), "{sentence}");
    }
    hark.get(&sam, &format!("{path}?page_size=101")).await.refused(400, "invalid");
    let nowhere = "/api/v1/support/sessions/999/notes";
    hark.get(&sam, nowhere).await.refused(404, "not_found");
    hark.post(&sam, nowhere, &note).await.refused(404, "not_found");
    assert_eq!(notes("").await, all);
    assert!(!hark.get(&visitor, &at(&session, "")).await.expect(200).to_string().contains("regular"));
    // A closed session may still be noted upon.
    hark.post(&sam, &at(&session, "/close"), &json!({})).await.expect(200);
    hark.post(&sam, &path, &note).await.expect(201);
    hark.stop().await;
}
