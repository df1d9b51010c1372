//! What admins do to other users, by HTTP, as those users see it.

use http::Method;
use serde_json::{Value, json};
use shared::model::Role;

use crate::hark::{Client, Hark, Socket, World, on_both};

async fn registered(hark: &Hark, name: &str) -> Client {
    let new = json!({"username": name, "password": "123456"});
    let issued = hark.post_as_nobody("/api/v1/auth/register", &new).await.expect(201);
    Client {
        id: issued["user"]["id"].as_i64().unwrap(),
        username: name.to_owned(),
        token: issued["token"].as_str().unwrap().to_owned(),
    }
}

fn path(user: &Client, what: &str) -> String {
    format!("/api/v1/users/{}/{what}", user.id)
}

async fn kicked(socket: &mut Socket) -> (Value, Value) {
    let frame = socket.next_event("kicked").await;
    assert_eq!(socket.close_code().await, 1000);
    (frame["reason"].clone(), frame["reconnect"].clone())
}

async fn who_is_banned_is_out_until_the_ban_ends(world: &World) {
    let hark = world.start().await;
    let (ann, admin) = (registered(&hark, "ann").await, hark.user_as("admin", Role::Admin).await);
    let ticket = hark.post(&ann, "/api/v1/auth/ticket", &json!({})).await.expect(200);
    let mut anns = hark.connect(&ann).await;
    let banned = hark.post(&admin, &path(&ann, "ban"), &json!({"minutes": 10, "reason": "spam"})).await;
    let banned = banned.expect(200);
    assert_eq!((&banned["user_id"], banned.get("room_id")), (&json!(ann.id), None));
    assert_eq!(kicked(&mut anns).await, (json!("banned"), json!(false)));

    let login = json!({"username": "ann", "password": "123456"});
    let refused = hark.post_as_nobody("/api/v1/auth/login", &login).await;
    assert_eq!(refused.body["error"]["until"], banned["until"]);
    assert!(refused.refused(403, "forbidden").contains("banned"));
    let wrong = json!({"username": "ann", "password": "1234567"});
    hark.post_as_nobody("/api/v1/auth/login", &wrong).await.refused(401, "unauthenticated");
    hark.get(&ann, "/api/v1/users/me").await.refused(401, "unauthenticated");
    for credential in
        [format!("token={}", ann.token), format!("ticket={}", ticket["ticket"].as_str().unwrap())]
    {
        let refused = hark.open(&format!("/?{credential}"), &[]).await.err().expect("no socket");
        assert_eq!(refused.status, 403, "{credential}");
    }

    hark.request(Method::DELETE, &path(&ann, "ban"), &admin.token, None).await.expect(204);
    hark.request(Method::DELETE, &path(&ann, "ban"), &admin.token, None).await.refused(404, "not_found");
    hark.post_as_nobody("/api/v1/auth/login", &login).await.expect(200);
    hark.stop().await;
}

async fn a_ticket_ends_with_the_tokens(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let ticket = hark.post(&ann, "/api/v1/auth/ticket", &json!({})).await.expect(200);
    hark.post(&ann, "/api/v1/auth/logout", &json!({})).await.expect(204);
    let opened = hark.open(&format!("/?ticket={}", ticket["ticket"].as_str().unwrap()), &[]).await;
    assert_eq!(opened.err().expect("no socket").status, 403);
    hark.stop().await;
}

async fn who_is_kicked_may_come_back(world: &World) {
    let hark = world.start().await;
    let (ann, admin) = (hark.user("ann").await, hark.user_as("admin", Role::Admin).await);
    let (mut phone, mut laptop) = (hark.connect(&ann).await, hark.connect(&ann).await);
    hark.post(&admin, &path(&ann, "kick"), &json!({})).await.expect(204);
    assert_eq!(kicked(&mut phone).await, (json!("kicked"), json!(true)));
    assert_eq!(kicked(&mut laptop).await, (json!("kicked"), json!(true)));
    let mut back = hark.connect(&ann).await;
    assert_eq!(back.ask(&json!({"type": "heartbeat"})).await["type"], "heartbeat");
    hark.stop().await;
}

async fn another_role_takes_a_new_token(world: &World) {
    let hark = world.start().await;
    let (ann, admin) = (registered(&hark, "ann").await, hark.user_as("admin", Role::Admin).await);
    let mut anns = hark.connect(&ann).await;
    let put = async |who: &Client, user: &Client, role: &str| {
        let body = json!({ "role": role });
        hark.request(Method::PUT, &path(user, "role"), &who.token, Some(&body)).await
    };
    assert_eq!(put(&admin, &ann, "staff").await.expect(200)["role"], "staff");
    assert_eq!(kicked(&mut anns).await, (json!("role_changed"), json!(false)));
    hark.get(&ann, "/api/v1/users/me").await.refused(401, "unauthenticated");
    let login = json!({"username": "ann", "password": "123456"});
    let issued = hark.post_as_nobody("/api/v1/auth/login", &login).await.expect(200);
    let ann = Client { token: issued["token"].as_str().unwrap().to_owned(), ..ann };
    hark.get(&ann, "/api/v1/rooms?all=true").await.expect(200);
    hark.connect(&ann).await;

    assert!(put(&admin, &admin, "user").await.refused(409, "conflict").contains("last admin"));
    assert!(put(&admin, &ann, "emperor").await.refused(400, "invalid").starts_with("role: "));
    put(&ann, &admin, "user").await.refused(403, "forbidden");
    hark.stop().await;
}

async fn only_who_manages_users_may_and_nobody_to_themselves(world: &World) {
    let hark = world.start().await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let admin = hark.user_as("admin", Role::Admin).await;
    let minute = json!({"minutes": 1});
    for what in ["ban", "kick"] {
        hark.post(&ann, &path(&bob, what), &minute).await.refused(403, "forbidden");
        let sentence = hark.post(&admin, &path(&admin, what), &minute).await.refused(400, "invalid");
        assert!(sentence.contains("yourself"), "{sentence}");
        hark.post(&admin, &format!("/api/v1/users/nobody/{what}"), &minute).await.refused(404, "not_found");
    }
    hark.request(Method::DELETE, &path(&bob, "ban"), &ann.token, None).await.refused(403, "forbidden");
    for (body, field) in [
        (json!({}), "until"),
        (json!({"seconds": 0}), "seconds"),
        (json!({"until": "soon"}), "until"),
        (json!({"minutes": 1, "reason": "r".repeat(501)}), "reason"),
    ] {
        let sentence = hark.post(&admin, &path(&ann, "ban"), &body).await.refused(400, "invalid");
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    hark.stop().await;
}

async fn a_rooms_admin_bans_from_the_room(world: &World) {
    let hark = world.start().await;
    let (owner, ann) = (hark.user("owner").await, hark.user("ann").await);
    let bob = hark.user("bob").await;
    let body = json!({"name": "square", "type": "public"});
    let room = hark.post(&owner, "/api/v1/rooms", &body).await.expect(201)["id"].as_i64().unwrap();
    let join = format!("/api/v1/rooms/{room}/join");
    for user in [&ann, &bob] {
        hark.post(user, &join, &json!({})).await.expect(200);
    }
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let ban = json!({"room_id": room, "minutes": 5});
    hark.post(&bob, &path(&ann, "ban"), &ban).await.refused(403, "forbidden");
    hark.post(&bob, &path(&owner, "ban"), &ban).await.refused(403, "forbidden");
    let banned = hark.post(&owner, &path(&ann, "ban"), &ban).await.expect(200);
    assert_eq!(banned["room_id"], room);
    assert_eq!(bobs.next_event("member_left").await["users"][0]["id"], ann.id);

    let refused = hark.post(&ann, &join, &json!({})).await;
    assert_eq!(refused.body["error"]["until"], banned["until"]);
    refused.refused(403, "forbidden");
    anns.refused("forbidden", json!({"type": "join_room", "room_id": room})).await;
    anns.refused("forbidden", json!({"type": "message", "room_id": room, "content": "hello"})).await;
    let add = json!({"member_ids": [ann.id]});
    hark.post(&owner, &format!("/api/v1/rooms/{room}/members"), &add).await.refused(403, "forbidden");

    let lift = format!("{}?room_id={room}", path(&ann, "ban"));
    hark.request(Method::DELETE, &lift, &bob.token, None).await.refused(403, "forbidden");
    hark.request(Method::DELETE, &lift, &owner.token, None).await.expect(204);
    hark.post(&ann, &join, &json!({})).await.expect(200);
    hark.stop().await;
}

on_both! {
    who_is_banned_is_out_until_the_ban_ends,
    a_ticket_ends_with_the_tokens,
    who_is_kicked_may_come_back,
    another_role_takes_a_new_token,
    only_who_manages_users_may_and_nobody_to_themselves,
    a_rooms_admin_bans_from_the_room,
}
