use serde_json::json;
use shared::model::Role;

use super::desk::{SESSIONS, at, ids};
use crate::hark::{World, on_both};

on_both! {
    everybody_lists_what_they_may_see,
    a_list_is_filtered_and_paged,
    the_queue_is_listed_by_its_order,
}

async fn everybody_lists_what_they_may_see(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let (ann, other, user) = (hark.visitor().await, hark.visitor().await, hark.user("user").await);
    let sam = hark.serving(&admin, "sam", "sales").await;
    let tom = hark.off_duty(&admin, "tom", "").await;
    let anns = hark.session(&ann, &json!({"team": "sales"})).await["id"].as_i64().unwrap();
    let others = hark.session(&other, &json!({})).await["id"].as_i64().unwrap();
    let list =
        async |client, query: &str| ids(&hark.get(client, &format!("{SESSIONS}{query}")).await.expect(200));
    assert_eq!(list(&admin, "").await, [others, anns]);
    assert_eq!(list(&ann, "").await, [anns]);
    assert_eq!(list(&ann, &format!("?visitor={}", ann.id)).await, [anns]);
    assert_eq!(list(&user, "").await, [0_i64; 0]);
    assert_eq!((list(&sam, "").await, list(&tom, "").await), (vec![anns], vec![others]));
    hark.get(&ann, &format!("{SESSIONS}?visitor={}", other.id)).await.refused(403, "forbidden");
    let sentence = hark.get(&tom, &format!("{SESSIONS}?team=sales")).await.refused(403, "forbidden");
    assert!(sentence.contains("support.manage"), "{sentence}");
    let sentence =
        hark.get(&tom, &format!("{SESSIONS}?staff=sam&team=sales")).await.refused(403, "forbidden");
    assert!(sentence.contains("support.manage"), "{sentence}");
    // What one serves stays in sight whatever team it is of.
    let path = format!("/api/v1/support/staff/{}", sam.id);
    hark.put(&admin, &path, &json!({"team": "default"})).await.expect(200);
    assert_eq!(list(&sam, "?staff=sam").await, [others, anns], "and who waits there is theirs now");
    assert_eq!(hark.get(&sam, &format!("{SESSIONS}/{anns}")).await.status, 200);
    hark.get(&admin, &format!("{SESSIONS}/999")).await.refused(404, "not_found");
    hark.get(&admin, &format!("{SESSIONS}/x")).await.refused(400, "invalid");
    hark.stop().await;
}

async fn a_list_is_filtered_and_paged(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    hark.put(&admin, "/api/v1/support/teams/sales", &json!({})).await.expect(200);
    let (a, b, c) = (hark.visitor().await, hark.visitor().await, hark.visitor().await);
    let first = hark.session(&a, &json!({"team": "sales"})).await;
    let second = hark.session(&b, &json!({})).await;
    let third = hark.session(&c, &json!({})).await;
    hark.post(&b, &at(&second, "/close"), &json!({})).await.expect(200);
    let id = |session: &serde_json::Value| session["id"].as_i64().unwrap();
    let list = async |query: &str| hark.get(&admin, &format!("{SESSIONS}?{query}")).await.expect(200);
    assert_eq!(ids(&list("state=queued").await), [id(&third), id(&first)]);
    assert_eq!(ids(&list("state=closed").await), [id(&second)]);
    assert_eq!(ids(&list("state=active").await), [0_i64; 0]);
    assert_eq!(ids(&list("team=default").await), [id(&third), id(&second)]);
    assert_eq!(ids(&list("team=sales&state=queued").await), [id(&first)]);
    assert_eq!(ids(&list(&format!("visitor={}", c.username)).await), [id(&third)]);
    let page = list("page=2&page_size=2").await;
    assert_eq!((ids(&page), &page["total"], &page["page"]), (vec![id(&first)], &json!(3), &json!(2)));
    for query in ["state=open", "page=0", "page_size=101", "team=a%20b"] {
        hark.get(&admin, &format!("{SESSIONS}?{query}")).await.refused(400, "invalid");
    }
    hark.get(&admin, &format!("{SESSIONS}?staff=nobody")).await.refused(404, "not_found");
    hark.stop().await;
}

async fn the_queue_is_listed_by_its_order(world: &World) {
    let hark = world.start().await;
    let admin = hark.user_as("admin", Role::Admin).await;
    let sam = hark.off_duty(&admin, "sam", "sales").await;
    let mut waiting = Vec::new();
    for team in ["sales", "", "sales"] {
        waiting.push(hark.session(&hark.visitor().await, &json!({"team": team})).await["id"].clone());
    }
    let queue = async |client, query: &str| {
        let path = format!("/api/v1/support/queue{query}");
        let queue = hark.get(client, &path).await.expect(200);
        let rows = queue["queue"].as_array().unwrap().iter();
        rows.map(|row| (row["id"].clone(), row["position"].clone(), row["ahead"].clone())).collect::<Vec<_>>()
    };
    let row = |of: usize, position: i64| (waiting[of].clone(), json!(position), json!(position - 1));
    assert_eq!(queue(&admin, "").await, [row(1, 1), row(0, 1), row(2, 2)]);
    assert_eq!(queue(&admin, "?team=default").await, [row(1, 1)]);
    assert_eq!(queue(&sam, "").await, [row(0, 1), row(2, 2)]);
    assert_eq!(queue(&sam, "?team=sales&page=2&page_size=1").await, [row(2, 2)]);
    let sentence = hark.get(&sam, "/api/v1/support/queue?team=default").await.refused(403, "forbidden");
    assert!(sentence.contains("support.manage"), "{sentence}");
    for client in [&hark.visitor().await, &hark.user("ann").await] {
        hark.get(client, "/api/v1/support/queue").await.refused(403, "forbidden");
    }
    hark.get(&admin, "/api/v1/support/queue?page=0").await.refused(400, "invalid");
    hark.stop().await;
}
