//! `resume` over sockets.

use serde_json::{Value, json};
use shared::frames::RESUME_ROOMS_MAX;

use crate::hark::{Client, Hark, Socket, World, on_both};

/// Bytes.
const RESUMED_MAX: usize = 100 * 1024;

async fn pair(hark: &Hark) -> (Client, Client, i64) {
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    (ann, bob, room)
}

async fn resume(socket: &mut Socket, rooms: Value) -> Value {
    let resumed = socket.ask(&json!({"type": "resume", "rooms": rooms, "id": "again"})).await;
    assert_eq!((&resumed["type"], &resumed["id"]), (&json!("resumed"), &json!("again")), "{resumed}");
    resumed
}

fn seqs(resumed: &Value) -> Vec<(i64, i64)> {
    let place = |entry: &Value| (entry["room_id"].as_i64().unwrap(), entry["seq"].as_i64().unwrap());
    resumed["messages"].as_array().unwrap().iter().map(place).collect()
}

async fn what_was_missed_has_the_shape_of_what_is_pushed(world: &World) {
    let hark = world.start().await;
    let (ann, bob, room) = pair(&hark).await;
    let other = hark.group(&bob, &[&ann]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let said = anns.say(room, "hello").await;
    let edit = json!({"type": "edit", "message_id": said["message_id"], "content": "hello again"});
    anns.ask(&edit).await;
    let gone = anns.say(room, "gone").await;
    anns.ask(&json!({"type": "recall", "message_id": gone["message_id"]})).await;
    let pushed = [
        bobs.next_of("message").await,
        bobs.next_of("edited").await,
        bobs.next_of("message").await,
        bobs.next_of("recalled").await,
    ];

    let resumed = resume(&mut bobs, json!({room.to_string(): 1})).await;
    let (messages, all) = (resumed["messages"].as_array().unwrap(), [2, 3, 4].map(|seq| (room, seq)));
    assert_eq!(seqs(&resumed), all);
    assert_eq!((&messages[0], &messages[2]), (&pushed[1], &pushed[3]));
    // A message comes as it is now, and its later entries say what became of it.
    assert_eq!((&messages[1]["content"], &messages[1]["recalled"]), (&json!(""), &json!(true)));
    assert_eq!(resumed["rooms"], json!({room.to_string(): 4, other.to_string(): 0}));
    assert_eq!((&resumed["gaps"], &resumed["more"]), (&json!([]), &json!(false)));
    assert!(resumed.get("next").is_none() && resumed["epoch"].is_string(), "{resumed}");
    hark.stop().await;
}

async fn what_cannot_be_continued_is_said(world: &World) {
    let hark = world.start().await;
    let (ann, bob, room) = pair(&hark).await;
    let left = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    anns.say(room, "hello").await;
    anns.say(left, "hello").await;
    bobs.ask(&json!({"type": "leave_room", "room_id": left})).await;

    let rooms = json!({room.to_string(): 7, left.to_string(): 0, "999999": 3});
    let resumed = resume(&mut bobs, rooms.clone()).await;
    let gaps = json!([
        {"room_id": left, "reason": "not_member"},
        {"room_id": 999_999, "reason": "not_member"},
        {"room_id": room, "reason": "ahead"},
    ]);
    assert_eq!((&resumed["gaps"], seqs(&resumed)), (&gaps, vec![]));
    assert_eq!(resumed["rooms"], json!({room.to_string(): 1}));

    let mut ask = json!({"type": "resume", "rooms": {room.to_string(): 0}, "epoch": resumed["epoch"]});
    assert_eq!(seqs(&bobs.ask(&ask).await), [(room, 1)]);
    ask["epoch"] = json!("019b791b-70bb-7000-8000-000000000001");
    let foreign = bobs.ask(&ask).await;
    assert_eq!(foreign["gaps"], json!([{"room_id": room, "reason": "epoch"}]));
    assert_eq!((seqs(&foreign), &foreign["more"]), (vec![], &json!(false)));
    assert_eq!((&foreign["epoch"], &foreign["rooms"]), (&resumed["epoch"], &resumed["rooms"]));
    hark.stop().await;
}

async fn more_than_100_kib_comes_in_several_answers(world: &World) {
    let hark = world.start().await;
    let (ann, bob, room) = pair(&hark).await;
    let small = hark.group(&ann, &[&bob]).await;
    let mut anns = hark.connect(&ann).await;
    for _ in 0..20 {
        anns.say(room, &"字".repeat(8_000)).await;
    }
    anns.say(small, "little").await;

    let mut bobs = hark.connect(&bob).await;
    let (mut rooms, mut got, mut answers) = (json!({room.to_string(): 0, small.to_string(): 0}), vec![], 0);
    loop {
        let resumed = resume(&mut bobs, rooms).await;
        let size = resumed.to_string().len();
        assert!(size <= RESUMED_MAX, "{size} bytes");
        got.extend(seqs(&resumed));
        answers += 1;
        if resumed["more"] == false {
            break;
        }
        assert!(size > RESUMED_MAX - 30 * 1024, "there was room for another in {size} bytes");
        rooms = resumed["next"].clone();
        assert_eq!(rooms.as_object().unwrap().len(), 1, "the small room is done: {rooms}");
    }
    assert_eq!(got.remove(0), (small, 1), "the room with little comes first");
    assert_eq!(got, (1..=20).map(|seq| (room, seq)).collect::<Vec<_>>());
    assert_eq!(answers, 5, "480 KB, four of 24 KB in each");
    hark.stop().await;
}

async fn what_is_no_resume_is_refused(world: &World) {
    let hark = world.start().await;
    let (ann, _, room) = pair(&hark).await;
    let mut anns = hark.connect(&ann).await;
    let named = |count: usize| {
        let rooms = (0..count).map(|n| ((1_000_000 + n).to_string(), json!(0)));
        json!({"type": "resume", "rooms": rooms.collect::<serde_json::Map<_, _>>()})
    };
    assert_eq!(anns.ask(&named(RESUME_ROOMS_MAX)).await["type"], "resumed");
    let said = anns.refused("invalid", named(RESUME_ROOMS_MAX + 1)).await;
    assert_eq!(said, "rooms: names 201 rooms, 200 at most");
    for (rooms, epoch, field) in [
        (json!({room.to_string(): -1}), json!(null), "rooms"),
        (json!({room.to_string(): "x"}), json!(null), "rooms"),
        (json!({"general": 1}), json!(null), "rooms"),
        (json!([room]), json!(null), "rooms"),
        (json!({room.to_string(): 1}), json!("yesterday"), "epoch"),
    ] {
        let frame = json!({"type": "resume", "rooms": rooms, "epoch": epoch});
        let said = anns.refused("invalid", frame).await;
        assert!(said.starts_with(field), "{said}");
    }
    // With nothing named, one is told of one's rooms.
    let resumed = anns.ask(&json!({"type": "resume"})).await;
    assert_eq!((&resumed["rooms"], seqs(&resumed)), (&json!({room.to_string(): 0}), vec![]));
    hark.stop().await;
}

on_both! {
    what_was_missed_has_the_shape_of_what_is_pushed,
    what_cannot_be_continued_is_said,
    more_than_100_kib_comes_in_several_answers,
    what_is_no_resume_is_refused,
}
