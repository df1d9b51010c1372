use serde_json::{Value, json};
use shared::ids::RoomId;
use shared::model::Role;

use super::world::Hark;

const ROOMS: &str = "/api/v1/rooms";

#[tokio::test]
async fn a_room_is_made_with_exactly_the_documents_body() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    for name in ["Bob", "Cy", "Di"] {
        hark.person(name).await;
    }
    let body =
        json!({"name": "群聊名称", "description": "群聊描述", "type": "group", "member_ids": [2, 3, 4]});
    let made = ann.post(ROOMS, body).await;
    assert_eq!(made.status, 201);
    let room = made.body;
    assert_eq!(room["name"], "群聊名称");
    assert_eq!(room["description"], "群聊描述");
    assert_eq!(
        (&room["type"], &room["member_count"], &room["created_by"]),
        (&json!("group"), &json!(4), &json!(1))
    );
    let members = ann.get(&format!("{ROOMS}/{}/members", room["id"])).await.ok();
    let roles: Vec<_> =
        members["members"].as_array().unwrap().iter().map(|m| (&m["id"], &m["role"])).collect();
    assert_eq!(roles[0], (&json!(1), &json!("owner")));
    assert_eq!(roles[3], (&json!(4), &json!("member")));
}

#[tokio::test]
async fn an_unknown_member_is_named_and_no_room_made() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let refused = ann.post(ROOMS, json!({"name": "n", "member_ids": [99]})).await;
    refused.refused(400, "invalid");
    assert!(refused.message().starts_with("member_ids: ") && refused.message().contains("99"));
    let direct = ann.post(ROOMS, json!({"type": "direct", "member_ids": [99]})).await;
    direct.refused(400, "invalid");
    assert_eq!(ann.get(ROOMS).await.ok()["total"], 0);
}

#[tokio::test]
async fn a_public_name_is_taken_once() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let body = json!({"name": "general", "type": "public"});
    ann.post(ROOMS, body.clone()).await.ok();
    let taken = bob.post(ROOMS, body).await;
    taken.refused(409, "conflict");
    assert!(taken.message().starts_with("name: "));
}

#[tokio::test]
async fn a_pair_has_one_direct_room_whoever_asks() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let first = ann.post(ROOMS, json!({"type": "direct", "member_ids": [bob.id]})).await.ok();
    let second = bob.post(ROOMS, json!({"type": "direct", "member_ids": [ann.id]})).await.ok();
    assert_eq!(first["id"], second["id"]);
    let seen = bob.get(&format!("{ROOMS}/{}", first["id"])).await.ok();
    assert_eq!(seen["peer"]["username"], "ann");
    ann.post(ROOMS, json!({"type": "direct", "member_ids": [ann.id]})).await.refused(400, "invalid");
}

#[tokio::test]
async fn only_who_may_see_every_room_lists_every_room() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let admin = hark.person_as("Root", Role::Admin).await;
    let group = ann.group(&[]).await;
    ann.post(ROOMS, json!({"type": "direct", "member_ids": [bob.id]})).await.ok();
    let refused = bob.get("/api/v1/rooms?all=true").await;
    refused.refused(403, "forbidden");
    assert!(refused.message().contains("messaging.view"));
    assert_eq!(admin.get(ROOMS).await.ok()["total"], 0);
    let every = admin.get("/api/v1/rooms?all=true&page=1&page_size=5").await.ok();
    assert_eq!((&every["total"], &every["page"], &every["page_size"]), (&json!(1), &json!(1), &json!(5)));
    assert_eq!(admin.get(&group).await.ok()["role"], Value::Null);
    admin.get("/api/v1/rooms?page=0").await.refused(400, "invalid");
    admin.get("/api/v1/rooms?page_size=101").await.refused(400, "invalid");
}

#[tokio::test]
async fn members_who_are_online_hear_of_everything_that_happens_to_their_room() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    bob.connect("bobs").await;
    let room = ann.group(&[bob.id]).await;
    ann.say(&room, "hello").await;
    ann.patch(&room, json!({"name": "renamed"})).await.ok();
    assert_eq!(ann.delete(&room).await.status, 204);
    let heard = hark.posted.to("bobs");
    let events: Vec<_> = heard.iter().map(|f| f["event"].as_str().or(f["type"].as_str()).unwrap()).collect();
    assert_eq!(events, ["member_joined", "message", "room_changed", "room_deleted"]);
    assert_eq!(heard[2]["name"], "renamed");
    bob.get(&room).await.refused(404, "not_found");
    assert!(hark.app.rooms.rooms_of(bob.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    let before = ann.get(&room).await.ok();
    assert_eq!(before["history_before_joining"], true);
    let after = ann.patch(&room, json!({"description": "d", "history_before_joining": false})).await.ok();
    assert_eq!(after["name"], before["name"]);
    assert_eq!((&after["description"], &after["history_before_joining"]), (&json!("d"), &json!(false)));
    ann.patch(&room, json!({"name": ""})).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_public_room_is_joined_and_left_by_name_with_the_documents_query() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let made = ann.do_post("/api/v1/rooms/general/join?client_id=client123").await.ok();
    let room = RoomId(made["room_id"].as_i64().unwrap());
    ann.say("/api/v1/rooms/general", "first").await;
    let joined = bob.do_post("/api/v1/rooms/general/join?client_id=client123").await.ok();
    assert_eq!(joined, json!({"room_id": room, "last_seq": 1}));
    let left = bob.do_post("/api/v1/rooms/general/leave?client_id=client123").await.ok();
    assert_eq!(left["room_id"], joined["room_id"]);
    assert_eq!(hark.app.rooms.audience(room).await.unwrap().unwrap().members, [ann.id]);
    assert_eq!(bob.get("/api/v1/rooms/general").await.ok()["id"], joined["room_id"]);
    bob.do_post("/api/v1/rooms/999/join").await.refused(404, "not_found");
}

#[tokio::test]
async fn members_are_added_raised_and_taken_out() {
    let hark = Hark::start().await;
    let (ann, bob, cy) = (hark.person("Ann").await, hark.person("Bob").await, hark.person("Cy").await);
    let room = ann.group(&[bob.id]).await;
    let added = ann.post(&format!("{room}/members"), json!({"user_ids": [bob.id, cy.id]})).await.ok();
    assert_eq!(added["added"], json!([cy.id]));
    let unknown = ann.post(&format!("{room}/members"), json!({"user_ids": [99]})).await;
    unknown.refused(400, "invalid");
    assert_eq!(ann.patch(&format!("{room}/members/bob"), json!({"role": "admin"})).await.status, 204);
    assert_eq!(bob.delete(&format!("{room}/members/{}", cy.id)).await.status, 204);
    cy.get(&room).await.refused(403, "forbidden");
    bob.delete(&format!("{room}/members/ann")).await.refused(403, "forbidden");
    ann.delete(&format!("{room}/members/cy")).await.refused(404, "not_found");
    assert_eq!(ann.get(&format!("{room}/members?page_size=1")).await.ok()["total"], 2);
}
