//! The rules of `Messages`.

use futures::future::{join, join_all};
use shared::ids::{MessageId, NameOr, RoomId, Seq, UserId};
use shared::ports::{MessagesError, NewMessage};

use super::stores::{NOW, ROOMY, Stores, message, new_room};

on_every_engine! {
    a_message_reads_back_as_it_was_sent,
    concurrent_senders_leave_no_gap,
    a_repeat_gets_the_first_answer,
    racing_repeats_are_stored_once,
    a_repeat_knows_whether_delivery_is_settled,
    the_same_id_with_another_body_is_a_conflict,
    the_same_id_is_free_in_another_room_and_for_another_sender,
    who_is_not_in_the_room_cannot_send,
    nobody_sends_after_being_removed,
    who_is_banned_cannot_send,
    a_reply_is_to_a_message_of_the_room,
    what_is_refused_takes_no_seq,
    others_have_it_unread,
    ones_own_message_is_read,
    a_nul_character_is_stored_as_a_replacement,
}

async fn pair(stores: &Stores) -> (UserId, UserId, RoomId) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    (ann, bob, room)
}

async fn a_message_reads_back_as_it_was_sent(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let metadata =
        serde_json::json!({"b": [1, 2.5, null, "ü"], "a": {"deep": true}, "big": 9_007_199_254_740_993_i64});
    let new = NewMessage {
        kind: "image".into(),
        content: "héllo ☃ 'quoted' \\".into(),
        metadata: Some(metadata.clone()),
        ..message(room, ann, "m1")
    };
    let stored = stores.messages.append(&new).await.unwrap();
    assert_eq!((stored.message_id, stored.seq, stored.timestamp), (new.id, Seq(1), NOW));
    assert_eq!((stored.sender_name.as_str(), stored.repeated), ("ANN", false));
    assert_eq!(stored.members_version, stores.room(room).await.members_version);
    assert!(stored.outbox.is_some());
    let read = stores.messages.message(new.id).await.unwrap().unwrap();
    assert_eq!((read.room_id, read.seq, read.sender_id, read.timestamp), (room, Seq(1), ann, NOW));
    assert_eq!((read.kind, read.content, read.metadata), (new.kind, new.content, Some(metadata)));
    assert_eq!((read.sender_name.as_str(), read.reply_to), ("ANN", None));
    assert_eq!(stores.messages.message(MessageId::fresh()).await.unwrap(), None);
}

async fn concurrent_senders_leave_no_gap(stores: &Stores) {
    let users = stores.users(16).await;
    let room = stores.group(users[0], &users).await;
    let sends = users.iter().map(async |user| {
        let mut own = Vec::new();
        for n in 0..6 {
            own.push(stores.say(room, *user, &format!("{user}-{n}")).await.seq.0);
        }
        // A send started after another's answer has the higher seq.
        assert!(own.is_sorted(), "{own:?}");
        own
    });
    let mut all: Vec<i64> = join_all(sends).await.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=96).collect::<Vec<_>>());
    assert_eq!(stores.room(room).await.last_seq, Seq(96));
    assert_eq!(stores.rows_in("messages").await, 96);
}

async fn a_repeat_gets_the_first_answer(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let first = stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    stores.say(room, ann, "m2").await;
    let later = NewMessage { now: NOW.plus(5_000), ..message(room, ann, "m1") };
    let again = stores.messages.append(&later).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!(
        (again.message_id, again.seq, again.timestamp),
        (first.message_id, first.seq, first.timestamp)
    );
    assert_eq!((again.outbox, again.sender_name), (first.outbox, first.sender_name));
    assert_eq!(stores.rows_in("messages").await, 2);
    assert_eq!(stores.room(room).await.last_seq, Seq(2));
}

async fn racing_repeats_are_stored_once(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let new: Vec<_> = (0..32).map(|_| message(room, ann, "m1")).collect();
    let answers = join_all(new.iter().map(|new| stores.messages.append(new))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.message_id == answers[0].message_id && answer.seq == Seq(1)));
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (1, 1));
    assert_eq!(stores.room(room).await.last_seq, Seq(1));
}

async fn a_repeat_knows_whether_delivery_is_settled(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let first = stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    stores.outbox.settle(&[first.outbox.unwrap()]).await.unwrap();
    let again = stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    assert_eq!((again.repeated, again.outbox), (true, None));
}

async fn the_same_id_with_another_body_is_a_conflict(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    let other = NewMessage { digest: [9; 32], ..message(room, ann, "m1") };
    let outcome = stores.messages.append(&other).await;
    assert!(matches!(outcome, Err(MessagesError::Conflict)), "{outcome:?}");
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (1, 1));
}

async fn the_same_id_is_free_in_another_room_and_for_another_sender(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let elsewhere = stores.group(ann, &[]).await;
    for (room, sender) in [(room, ann), (room, bob), (elsewhere, ann)] {
        assert!(!stores.say(room, sender, "m1").await.repeated);
    }
}

async fn who_is_not_in_the_room_cannot_send(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let eve = stores.user("eve").await;
    for (room, sender) in [(room, eve), (RoomId(999_999), ann), (room, UserId(999_999))] {
        let outcome = stores.messages.append(&message(room, sender, "m1")).await;
        assert!(matches!(outcome, Err(MessagesError::NotMember)), "{outcome:?}");
    }
    assert_eq!(stores.rows_in("messages").await, 0);
}

async fn nobody_sends_after_being_removed(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let others = stores.users(4).await;
    stores.rooms.add_members(room, &others, ROOMY, NOW).await.unwrap();
    for round in 0..10 {
        let news: Vec<_> = (0..4).map(|n| message(room, bob, &format!("{round}-{n}"))).collect();
        let noise: Vec<_> =
            others.iter().map(|user| message(room, *user, &format!("noise-{round}"))).collect();
        let noise = join_all(noise.iter().map(|new| stores.messages.append(new)));
        let sends = join_all(news.iter().map(|new| stores.messages.append(new)));
        let ((_, outcomes), removal) = join(join(noise, sends), stores.rooms.remove_member(room, bob)).await;
        let removed_at = removal.unwrap().last_seq;
        for outcome in outcomes {
            match outcome {
                Ok(stored) => assert!(stored.seq <= removed_at, "{stored:?} after {removed_at}"),
                Err(error) => assert!(matches!(error, MessagesError::NotMember), "{error:?}"),
            }
        }
        stores.rooms.add_members(room, &[bob], ROOMY, NOW).await.unwrap();
    }
    let last = stores.room(room).await.last_seq.0;
    assert_eq!(stores.rows_in("messages").await, last);
    let _ = ann;
}

async fn who_is_banned_cannot_send(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let elsewhere = stores.group(ann, &[bob]).await;
    stores.ban(ann, Some(room), NOW.plus(1)).await;
    stores.ban(bob, None, NOW.plus(1)).await;
    for (room, sender) in [(room, ann), (room, bob), (elsewhere, bob)] {
        let outcome = stores.messages.append(&message(room, sender, "m1")).await;
        assert!(matches!(outcome, Err(MessagesError::Banned)), "{outcome:?}");
    }
    stores.messages.append(&message(elsewhere, ann, "m1")).await.unwrap();
    // Over at `until`.
    let later = NewMessage { now: NOW.plus(1), ..message(room, ann, "m1") };
    stores.messages.append(&later).await.unwrap();
}

async fn a_reply_is_to_a_message_of_the_room(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let elsewhere = stores.group(ann, &[]).await;
    let there = stores.say(elsewhere, ann, "there").await.message_id;
    for target in [there, MessageId::fresh()] {
        let reply = NewMessage { reply_to: Some(target), ..message(room, ann, "reply") };
        let outcome = stores.messages.append(&reply).await;
        assert!(matches!(outcome, Err(MessagesError::NoSuchReply)), "{outcome:?}");
    }
    let here = stores.say(room, ann, "here").await.message_id;
    let reply = NewMessage { reply_to: Some(here), ..message(room, ann, "reply") };
    stores.messages.append(&reply).await.unwrap();
    assert_eq!(stores.messages.message(reply.id).await.unwrap().unwrap().reply_to, Some(here));
}

async fn what_is_refused_takes_no_seq(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let eve = stores.user("eve").await;
    stores.ban(bob, Some(room), NOW.plus(60_000)).await;
    stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    let refused = [
        message(room, eve, "m2"),
        message(room, bob, "m2"),
        NewMessage { digest: [9; 32], ..message(room, ann, "m1") },
        NewMessage { reply_to: Some(MessageId::fresh()), ..message(room, ann, "m2") },
    ];
    for new in &refused {
        assert!(stores.messages.append(new).await.is_err());
    }
    assert_eq!(stores.room(room).await.last_seq, Seq(1));
    assert_eq!(stores.say(room, ann, "m3").await.seq, Seq(2));
}

async fn others_have_it_unread(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    for text in ["m1", "m2", "m3"] {
        stores.say(room, ann, text).await;
    }
    assert_eq!((stores.unread(room, ann).await, stores.unread(room, bob).await), (0, 3));
    stores.rooms.mark_read(room, bob, Seq(2)).await.unwrap();
    assert_eq!(stores.unread(room, bob).await, 1);
}

async fn ones_own_message_is_read(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    stores.say(room, ann, "m1").await;
    stores.say(room, bob, "m2").await;
    let (_, mark) = stores.rooms.membership(&NameOr::Id(room), bob).await.unwrap().unwrap();
    assert_eq!(mark.unwrap().read_seq, Seq(2));
    assert_eq!((stores.unread(room, ann).await, stores.unread(room, bob).await), (1, 0));
    // A repeat moves nothing.
    stores.messages.append(&message(room, ann, "m1")).await.unwrap();
    assert_eq!(stores.unread(room, ann).await, 1);
}

async fn a_nul_character_is_stored_as_a_replacement(stores: &Stores) {
    let (ann, _, _) = pair(stores).await;
    let mut new = new_room(shared::model::RoomType::Group, "a\0b", ann, &[]);
    new.description = "\0".into();
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap();
    assert_eq!(room.name.as_deref(), Some("a\u{FFFD}b"));
    let new = NewMessage {
        content: "a\0b".into(),
        metadata: Some(serde_json::json!({"k\0": "v\0"})),
        ..message(room.id, ann, "m1")
    };
    stores.messages.append(&new).await.unwrap();
    let read = stores.messages.message(new.id).await.unwrap().unwrap();
    assert_eq!(read.content, "a\u{FFFD}b");
    assert_eq!(read.metadata, Some(serde_json::json!({"k\u{FFFD}": "v\u{FFFD}"})));
}
