use serde_json::json;

use super::world::{Hark, Person};

/// Every way in that somebody outside could try.
async fn try_everything(outsider: &Person<'_>, room: &str) {
    let outside = |path: &str| format!("{room}{path}");
    outsider.post(&outside("/messages"), json!({"content": "let me in"})).await.refused(403, "forbidden");
    outsider.do_post(&outside("/join")).await.refused(403, "forbidden");
    outsider.get(&outside("/messages?page=1&page_size=20")).await.refused(403, "forbidden");
    outsider.get(&outside("/messages?after=0")).await.refused(403, "forbidden");
    outsider.get(room).await.refused(403, "forbidden");
    outsider.get(&outside("/members")).await.refused(403, "forbidden");
    outsider.post(&outside("/members"), json!({"user_ids": [outsider.id]})).await.refused(403, "forbidden");
    outsider.do_post(&outside("/read")).await.refused(403, "forbidden");
    outsider.do_post(&outside("/leave")).await.refused(403, "forbidden");
    outsider.patch(room, json!({"name": "mine"})).await.refused(403, "forbidden");
    outsider.delete(room).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_private_room_refuses_outsiders_and_nothing_of_it_changes() {
    let hark = Hark::start().await;
    let (ann, eve) = (hark.person("Ann").await, hark.person("Eve").await);
    let room = ann.group(&[]).await;
    ann.say(&room, "secret").await;
    let before = (ann.get(&room).await, ann.get(&format!("{room}/members")).await);
    try_everything(&eve, &room).await;
    assert_eq!((ann.get(&room).await, ann.get(&format!("{room}/members")).await), before);
}

#[tokio::test]
async fn the_direct_room_of_others_refuses_outsiders_and_nothing_of_it_changes() {
    let hark = Hark::start().await;
    let (ann, bob, eve) = (hark.person("Ann").await, hark.person("Bob").await, hark.person("Eve").await);
    let made = ann.post("/api/v1/rooms", json!({"type": "direct", "member_ids": [bob.id]})).await.ok();
    let room = format!("/api/v1/rooms/{}", made["id"]);
    ann.say(&room, "secret").await;
    let before = bob.get(&room).await;
    try_everything(&eve, &room).await;
    assert_eq!(bob.get(&room).await, before);
}

#[tokio::test]
async fn a_room_that_does_not_exist_is_not_found() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    for path in ["", "/messages", "/members"] {
        ann.get(&format!("/api/v1/rooms/999{path}")).await.refused(404, "not_found");
        ann.get(&format!("/api/v1/rooms/nowhere{path}")).await.refused(404, "not_found");
    }
}
