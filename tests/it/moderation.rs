//! What may not be said: refused, masked or flagged, by a list of words or by a server that is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use shared::clock::UnixMs;
use shared::model::Role;
use shared::webhook::SigningSecret;
use tokio::net::TcpListener;

use crate::hark::{Hark, World, on_both};

on_both! {
    a_word_of_the_list_is_refused_and_nothing_is_stored,
    a_masked_message_is_masked_for_everyone_and_repeats_like_any_other,
    a_flagged_message_is_stored_and_shown_to_admins,
    words_come_from_a_file_as_well,
    the_server_decides_what_is_said,
    a_server_that_fails_lets_pass_or_holds_back_as_it_is_set,
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn history(hark: &Hark, client: &crate::hark::Client, room: i64) -> Vec<String> {
    let page = hark.get(client, &format!("/api/v1/rooms/{room}/messages")).await.expect(200);
    let messages = page["messages"].as_array().unwrap();
    messages.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

async fn a_word_of_the_list_is_refused_and_nothing_is_stored(world: &World) {
    let hark = world.start_with(&[("MODERATION_WORDS", "spam, 赌博")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let ack = anns.say(room, "a clean one").await;
    let before = hark.standing(room).await;
    for content in ["Spam!", "ｓｐａｍ", "s\u{200b}pam", "网上赌博"] {
        let sentence =
            anns.refused("rejected", json!({"type": "message", "room_id": room, "content": content})).await;
        assert!(sentence.starts_with("content:") && !sentence.contains("spam"), "{sentence}");
    }
    let path = format!("/api/v1/rooms/{room}/messages");
    hark.post(&ann, &path, &json!({"content": "spam"})).await.refused(422, "rejected");
    let edit = json!({"type": "edit", "message_id": ack["message_id"], "content": "spam after all"});
    anns.refused("rejected", edit).await;
    let after = hark.standing(room).await;
    assert_eq!((after.last_seq, after.members), (before.last_seq, before.members));
    assert_eq!(history(&hark, &bob, room).await, ["a clean one"]);
    assert_eq!(bobs.heard("message").await.len(), 1);
    anns.say(room, "spammers and 赌 and 博").await;
    hark.stop().await;
}

async fn a_masked_message_is_masked_for_everyone_and_repeats_like_any_other(world: &World) {
    let hark = world.start_with(&[("MODERATION_WORDS", "spam"), ("MODERATION_ACTION", "mask")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let message = json!({"type": "message", "room_id": room, "content": "no Spam please", "id": "m1"});
    let ack = anns.ask(&message).await;
    assert_eq!(bobs.next_of("message").await["content"], "no **** please");
    assert_eq!(anns.ask(&message).await, ack, "the same message again");
    let other = json!({"type": "message", "room_id": room, "content": "no **** please", "id": "m1"});
    assert_eq!(anns.ask(&other).await["code"], "conflict", "that is what was stored, not what was sent");
    anns.ask(&json!({"type": "edit", "message_id": ack["message_id"], "content": "spam, spam"})).await;
    assert_eq!(bobs.next_of("edited").await["content"], "****, ****");
    assert_eq!(history(&hark, &ann, room).await, ["****, ****"]);
    hark.stop().await;
}

async fn a_flagged_message_is_stored_and_shown_to_admins(world: &World) {
    let hark = world.start_with(&[("MODERATION_WORDS", "spam"), ("MODERATION_ACTION", "flag")]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let admin = hark.user_as("admin", Role::Admin).await;
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let ack = anns.say(room, "some spam").await;
    anns.say(room, "and none").await;
    assert_eq!(bobs.next_of("message").await["content"], "some spam");
    let flagged = hark.get(&admin, "/api/v1/messages/flagged").await.expect(200);
    assert_eq!((&flagged["total"], &flagged["page"]), (&json!(1), &json!(1)));
    let first = &flagged["messages"][0];
    assert_eq!((&first["message_id"], &first["content"]), (&ack["message_id"], &json!("some spam")));
    assert!(first["flagged_at"].as_i64().unwrap() >= ack["timestamp"].as_i64().unwrap());

    hark.get(&ann, "/api/v1/messages/flagged").await.refused(403, "forbidden");
    let path = format!("/api/v1/messages/flagged/{}", ack["message_id"].as_str().unwrap());
    let clear = async |client: &crate::hark::Client| {
        hark.request(reqwest::Method::DELETE, &path, &client.token, None).await
    };
    clear(&ann).await.refused(403, "forbidden");
    clear(&admin).await.expect(204);
    clear(&admin).await.refused(404, "not_found");
    assert_eq!(hark.get(&admin, "/api/v1/messages/flagged").await.expect(200)["total"], 0);
    hark.stop().await;
}

async fn words_come_from_a_file_as_well(world: &World) {
    let file = world.folder().join("words.txt");
    std::fs::write(&file, "# what nobody wants\nspam # of any kind\n\n  赌博\n").unwrap();
    let hark = world.start_with(&[("MODERATION_WORDS_FILE", file.to_str().unwrap())]).await;
    let ann = hark.user("ann").await;
    let room = hark.group(&ann, &[]).await;
    let mut anns = hark.connect(&ann).await;
    for content in ["spam", "赌博"] {
        anns.refused("rejected", json!({"type": "message", "room_id": room, "content": content})).await;
    }
    anns.say(room, "of any kind").await;
    hark.stop().await;
}

/// What the server was asked.
type Asked = Arc<Mutex<Vec<Value>>>;

/// A server on loopback that answers by the content; gives its URL and what it was asked.
async fn server() -> (String, Asked) {
    let asked = Asked::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/review", listener.local_addr().unwrap());
    let router = Router::new().route("/review", post(answer)).with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

async fn answer(State(asked): State<Asked>, headers: HeaderMap, body: String) -> (StatusCode, Json<Value>) {
    assert!(is_signed(&headers, &body), "{headers:?}");
    let question: Value = serde_json::from_str(&body).unwrap();
    let content = question["data"]["content"].as_str().unwrap().to_owned();
    asked.lock().unwrap().push(question);
    let answer = match content.as_str() {
        "reject" => json!({"action": "reject"}),
        "mask" => json!({"action": "mask", "content": "masked"}),
        "flag" => json!({"action": "flag"}),
        "fail" => return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"action": "allow"}))),
        "garble" => json!({"verdict": "fine"}),
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            json!({"action": "allow"})
        }
        _ => json!({"action": "allow"}),
    };
    (StatusCode::OK, Json(answer))
}

fn is_signed(headers: &HeaderMap, body: &str) -> bool {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let at = UnixMs(text("webhook-timestamp").parse::<i64>().unwrap() * 1000);
    let expected = SigningSecret::parse(SECRET).unwrap().headers(&text("webhook-id"), at, body.as_bytes());
    expected["webhook-signature"] == headers["webhook-signature"]
}

async fn the_server_decides_what_is_said(world: &World) {
    let (url, asked) = server().await;
    let hark = world
        .start_with(&[
            ("MODERATION_WEBHOOK_URL", &url),
            ("MODERATION_WEBHOOK_SECRET", SECRET),
            ("MODERATION_WEBHOOK_TIMEOUT_MS", "3000"),
        ])
        .await;
    let ann = hark.user("ann").await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let room = hark.group(&ann, &[]).await;
    let mut anns = hark.connect(&ann).await;
    anns.say(room, "allow").await;
    anns.refused("rejected", json!({"type": "message", "room_id": room, "content": "reject"})).await;
    anns.say(room, "mask").await;
    anns.say(room, "flag").await;
    assert_eq!(history(&hark, &ann, room).await, ["allow", "masked", "flag"]);
    assert_eq!(hark.get(&admin, "/api/v1/messages/flagged").await.expect(200)["total"], 1);
    let first = asked.lock().unwrap()[0].clone();
    assert_eq!(first["type"], "message.review");
    let data = json!({"user_id": ann.id, "room_id": room, "kind": "text", "content": "allow"});
    assert_eq!(first["data"], data);
    hark.stop().await;
}

async fn a_server_that_fails_lets_pass_or_holds_back_as_it_is_set(world: &World) {
    let (url, _) = server().await;
    let nowhere = "http://127.0.0.1:1/review".to_owned();
    for (fail, code) in [("open", None), ("closed", Some("unavailable"))] {
        for (url, contents) in [(&url, &["fail", "garble", "sleep"][..]), (&nowhere, &["refused"])] {
            let hark = world
                .start_with(&[
                    ("MODERATION_WEBHOOK_URL", url),
                    ("MODERATION_WEBHOOK_SECRET", SECRET),
                    ("MODERATION_WEBHOOK_FAIL", fail),
                ])
                .await;
            let name = format!("ann_{fail}_{}", contents[0]);
            let ann = hark.user(&name).await;
            let room = hark.group(&ann, &[]).await;
            let mut anns = hark.connect(&ann).await;
            for content in contents {
                let frame = json!({"type": "message", "room_id": room, "content": content});
                match code {
                    None => assert_eq!(anns.ask(&frame).await["type"], "ack", "{content}"),
                    Some(code) => drop(anns.refused(code, frame).await),
                }
            }
            let stored = if code.is_none() { contents.len() } else { 0 };
            assert_eq!(history(&hark, &ann, room).await.len(), stored);
            hark.stop().await;
        }
    }
}
