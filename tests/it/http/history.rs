use serde_json::{Value, json};

use super::world::Hark;

/// The seqs of an answer's messages.
fn seqs(answer: &Value) -> Vec<i64> {
    answer["messages"].as_array().unwrap().iter().map(|message| message["seq"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pages_count_from_the_newest_and_stand_in_the_order_of_seq() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    for n in 1..=5 {
        ann.say(&room, &format!("message {n}")).await;
    }
    let page = async |query: &str| ann.get(&format!("{room}/messages{query}")).await.ok();
    let all = page("?page=1&page_size=20").await;
    assert_eq!(seqs(&all), [1, 2, 3, 4, 5]);
    assert_eq!((&all["page"], &all["page_size"], &all["total"]), (&json!(1), &json!(20), &json!(5)));
    assert_eq!(seqs(&page("?page=1&page_size=2").await), [4, 5]);
    assert_eq!(seqs(&page("?page=3&page_size=2").await), [1]);
    assert_eq!(seqs(&page("?page=4&page_size=2").await), [0_i64; 0]);
    assert_eq!(all["messages"][0]["sender_name"], "Ann");
}

#[tokio::test]
async fn windows_lead_from_one_to_the_next_until_there_is_none() {
    let hark = Hark::start().await;
    let ann = hark.person("Ann").await;
    let room = ann.group(&[]).await;
    for n in 1..=5 {
        ann.say(&room, &format!("message {n}")).await;
    }
    let window = async |query: &str| {
        let answer = ann.get(&format!("{room}/messages?{query}")).await.ok();
        (seqs(&answer), answer["next"].as_i64())
    };
    assert_eq!(window("before=5&page_size=2").await, (vec![3, 4], Some(3)));
    assert_eq!(window("before=3&page_size=2").await, (vec![1, 2], None));
    assert_eq!(window("after=0&limit=3").await, (vec![1, 2, 3], Some(3)));
    assert_eq!(window("after=3&limit=3").await, (vec![4, 5], None));
    for query in ["before=2&after=1", "page=1&before=2", "after=1&limit=101", "page_size=0", "before=x"] {
        ann.get(&format!("{room}/messages?{query}")).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn a_room_may_hide_what_was_said_before_one_joined() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let room = ann.group(&[]).await;
    ann.patch(&room, json!({"history_before_joining": false})).await.ok();
    ann.say(&room, "before").await;
    ann.post(&format!("{room}/members"), json!({"user_ids": [bob.id]})).await.ok();
    ann.say(&room, "after").await;
    let seen = bob.get(&format!("{room}/messages")).await.ok();
    assert_eq!((seqs(&seen), &seen["total"]), (vec![2], &json!(1)));
    assert_eq!(seqs(&bob.get(&format!("{room}/messages?after=0")).await.ok()), [2]);
    assert_eq!(seqs(&ann.get(&format!("{room}/messages")).await.ok()), [1, 2]);
}

#[tokio::test]
async fn what_others_said_is_unread_until_it_is_read() {
    let hark = Hark::start().await;
    let (ann, bob) = (hark.person("Ann").await, hark.person("Bob").await);
    let room = ann.group(&[bob.id]).await;
    let elsewhere = ann.group(&[bob.id]).await;
    let strange = ann.say(&elsewhere, "elsewhere").await;
    let mut acks = Vec::new();
    for n in 1..=4 {
        acks.push(ann.say(&room, &format!("message {n}")).await);
    }
    let seen = async |person: &super::world::Person<'_>| person.get(&room).await.ok();
    assert_eq!(seen(&ann).await["unread_count"], 0);
    let bobs = seen(&bob).await;
    assert_eq!((&bobs["unread_count"], &bobs["last_seq"]), (&json!(4), &json!(4)));
    assert_eq!(bobs["last_message"]["content"], "message 4");
    let read = async |body| bob.post(&format!("{room}/read"), body).await;
    let id = &acks[0]["room_id"];
    let reading = |seq: i64, unread: i64| json!({"room_id": id, "read_seq": seq, "unread_count": unread});
    assert_eq!(read(json!({"seq": 1})).await.ok(), reading(1, 3));
    assert_eq!(read(json!({"message_id": acks[2]["message_id"]})).await.ok(), reading(3, 1));
    assert_eq!(read(json!({"seq": 2})).await.ok(), reading(3, 1), "never back");
    read(json!({"message_id": strange["message_id"]})).await.refused(400, "invalid");
    assert_eq!(bob.do_post(&format!("{room}/read")).await.ok(), reading(4, 0));
    let listed = bob.get("/api/v1/rooms").await.ok();
    let listed =
        listed["rooms"].as_array().unwrap().iter().find(|listed| listed["id"] == *id).unwrap().clone();
    assert_eq!((&listed["unread_count"], &listed["last_message"]["seq"]), (&json!(0), &json!(4)));
}
