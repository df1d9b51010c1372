//! What an edit or a recall does: to the log, to its message, to what is read.

use shared::ids::{MessageId, RoomId, Seq, UserId};
use shared::model::{Edited, Entry, Message, Recalled};
use shared::ports::{Event, NewMessage, Revision};

use super::super::stores::{NOW, Stores, message};
use super::{edit, pair, read, revise};

on_every_engine! {
    an_edit_is_an_entry_and_changes_its_message,
    a_recall_is_an_entry_and_empties_its_message,
    what_was_recalled_is_in_no_earlier_edit,
    nothing_becomes_unread_or_read,
    a_room_shows_its_last_message_as_it_is,
    a_claimed_row_carries_the_edit,
}

/// A message with everything that a recall takes away.
async fn rich(stores: &Stores, room: RoomId, sender: UserId) -> MessageId {
    let first = stores.say(room, sender, "first").await.message_id;
    let new = NewMessage {
        metadata: Some(serde_json::json!({"k": "v"})),
        reply_to: Some(first),
        kind: "image".to_owned(),
        ..message(room, sender, "rich")
    };
    stores.messages.append(&new).await.unwrap().message_id
}

async fn an_edit_is_an_entry_and_changes_its_message(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = rich(stores, room, ann).await;
    let before = read(stores, id).await;
    let revised = revise(stores, ann, id, "e1", &edit("better")).await.unwrap();
    let expected = Edited {
        message_id: id,
        room_id: room,
        seq: Seq(3),
        target_seq: Seq(2),
        sender_id: ann,
        sender_name: "ANN".to_owned(),
        content: "better".to_owned(),
        timestamp: NOW.plus(60_000),
    };
    assert_eq!(revised.entry, Entry::Edited(expected));
    assert!(!revised.repeated && revised.outbox.is_some());
    assert_eq!(revised.members_version, stores.room(room).await.members_version);
    let after = Message { content: "better".to_owned(), edited_at: Some(NOW.plus(60_000)), ..before };
    assert_eq!(read(stores, id).await, after);
    assert_eq!(stores.room(room).await.last_seq, Seq(3));
    assert_eq!(stores.say(room, ann, "next").await.seq, Seq(4));
}

async fn a_recall_is_an_entry_and_empties_its_message(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = rich(stores, room, ann).await;
    let before = read(stores, id).await;
    revise(stores, ann, id, "e1", &edit("better")).await.unwrap();
    let revised = revise(stores, ann, id, "r1", &Revision::Recall).await.unwrap();
    let expected = Recalled {
        message_id: id,
        room_id: room,
        seq: Seq(4),
        target_seq: Seq(2),
        sender_id: ann,
        sender_name: "ANN".to_owned(),
        timestamp: NOW.plus(60_000),
    };
    assert_eq!(revised.entry, Entry::Recalled(expected));
    let after = Message { content: String::new(), recalled: true, reply_to: None, metadata: None, ..before };
    assert_eq!(read(stores, id).await, after);
}

async fn what_was_recalled_is_in_no_earlier_edit(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let said = stores.say(room, ann, "secret").await.message_id;
    let other = stores.say(room, ann, "other").await.message_id;
    revise(stores, ann, said, "e1", &edit("still secret")).await.unwrap();
    revise(stores, ann, other, "e2", &edit("stays")).await.unwrap();
    revise(stores, ann, said, "r1", &Revision::Recall).await.unwrap();
    let rows = stores.outbox.claim_due(NOW.plus(600_000), 99).await.unwrap();
    let shown = format!("{rows:?}");
    assert!(rows.len() == 5 && !shown.contains("secret") && shown.contains("stays"), "{shown}");
}

async fn nothing_becomes_unread_or_read(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let id = stores.say(room, ann, "m1").await.message_id;
    stores.say(room, bob, "m2").await;
    assert_eq!((stores.unread(room, ann).await, stores.unread(room, bob).await), (1, 0));
    revise(stores, ann, id, "e1", &edit("m1!")).await.unwrap();
    revise(stores, ann, id, "r1", &Revision::Recall).await.unwrap();
    assert_eq!((stores.unread(room, ann).await, stores.unread(room, bob).await), (1, 0));
    stores.rooms.mark_read(room, ann, Seq(4)).await.unwrap();
    assert_eq!(stores.unread(room, ann).await, 0);
    stores.say(room, bob, "m3").await;
    assert_eq!(stores.unread(room, ann).await, 1);
}

async fn a_room_shows_its_last_message_as_it_is(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let said = stores.say(room, ann, "m1").await.message_id;
    let last = async || stores.rooms.summary(room, bob).await.unwrap().unwrap().last_message.unwrap();
    revise(stores, ann, said, "e1", &edit("m1!")).await.unwrap();
    let shown = last().await;
    assert_eq!((shown.seq, shown.content.as_str(), shown.edited_at), (Seq(1), "m1!", Some(NOW.plus(60_000))));
    revise(stores, ann, said, "r1", &Revision::Recall).await.unwrap();
    let shown = last().await;
    assert_eq!((shown.seq, shown.content.as_str(), shown.recalled), (Seq(1), "", true));
}

async fn a_claimed_row_carries_the_edit(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let said = stores.say(room, ann, "m1").await;
    stores.outbox.settle(&[said.outbox.unwrap()]).await.unwrap();
    for what in [edit("m1!"), Revision::Recall] {
        let revised = revise(stores, ann, said.message_id, what.word(), &what).await.unwrap();
        let row = stores.outbox.claim_due(NOW.plus(600_000), 9).await.unwrap().remove(0);
        let Event::MessageStored(stored) = row.event else { panic!("{row:?}") };
        assert_eq!((stored.entry, Some(row.id)), (revised.entry, revised.outbox));
        stores.outbox.settle(&[row.id]).await.unwrap();
    }
}
