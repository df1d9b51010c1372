//! Who may change what, and for how long.

use shared::clock::UnixMs;
use shared::ids::{MessageId, RoomId, Seq};
use shared::model::{Entry, MemberRole};
use shared::ports::{MessagesError, NewRevision, Revision};

use super::super::stores::{NOW, ROOMY, Stores};
use super::{edit, pair, read, refused, revise, revision};

on_every_engine! {
    only_its_sender_edits_a_message,
    admins_of_the_room_recall_anyones,
    a_message_is_changed_until_it_is_too_old,
    an_admin_recalls_whenever,
    a_recalled_message_stays_as_it_is,
    only_messages_are_changed_and_where_they_are,
    who_left_or_is_banned_changes_nothing,
    what_is_refused_takes_no_seq,
}

async fn only_its_sender_edits_a_message(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let bobs = stores.say(room, bob, "bob's").await.message_id;
    let anns = stores.say(room, ann, "ann's").await.message_id;
    // Ann owns the room.
    refused(&revise(stores, ann, bobs, "e1", &edit("x")).await, &MessagesError::NotSender);
    refused(&revise(stores, bob, anns, "e1", &edit("x")).await, &MessagesError::NotSender);
    revise(stores, bob, bobs, "e1", &edit("bob's own")).await.unwrap();
}

async fn admins_of_the_room_recall_anyones(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let cat = stores.user("cat").await;
    stores.rooms.add_members(room, &[cat], ROOMY, NOW).await.unwrap();
    stores.rooms.set_role(room, cat, MemberRole::Admin).await.unwrap();
    let one = stores.say(room, bob, "one").await.message_id;
    let two = stores.say(room, bob, "two").await.message_id;
    let anns = stores.say(room, ann, "three").await.message_id;
    refused(&revise(stores, bob, anns, "r0", &Revision::Recall).await, &MessagesError::NotSender);
    for (who, message, id) in [(ann, one, "r1"), (cat, two, "r2"), (cat, anns, "r3")] {
        let revised = revise(stores, who, message, id, &Revision::Recall).await.unwrap();
        let Entry::Recalled(recalled) = revised.entry else { panic!("{revised:?}") };
        assert_eq!(recalled.sender_id, who);
        assert!(read(stores, message).await.recalled);
    }
}

async fn a_message_is_changed_until_it_is_too_old(stores: &Stores) {
    let (_, bob, room) = pair(stores).await;
    for what in [edit("changed"), Revision::Recall] {
        let said = stores.say(room, bob, &format!("to be {}", what.word())).await;
        let at = |not_before: UnixMs| NewRevision {
            not_before,
            ..revision(None, bob, said.message_id, what.word(), &what)
        };
        let past = stores.messages.revise(&at(said.timestamp.plus(1))).await;
        refused(&past, &MessagesError::TooLate);
        stores.messages.revise(&at(said.timestamp)).await.unwrap();
    }
}

async fn an_admin_recalls_whenever(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let said = stores.say(room, bob, "old").await.message_id;
    let own = stores.say(room, ann, "own").await.message_id;
    for (message, id) in [(said, "r1"), (own, "r2")] {
        let late = NewRevision {
            not_before: NOW.plus(999_999),
            ..revision(None, ann, message, id, &Revision::Recall)
        };
        stores.messages.revise(&late).await.unwrap();
    }
    let late = NewRevision { not_before: NOW.plus(999_999), ..revision(None, ann, own, "e1", &edit("x")) };
    refused(&stores.messages.revise(&late).await, &MessagesError::Recalled);
}

async fn a_recalled_message_stays_as_it_is(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let said = stores.say(room, bob, "m1").await.message_id;
    revise(stores, bob, said, "r1", &Revision::Recall).await.unwrap();
    refused(&revise(stores, bob, said, "e1", &edit("back")).await, &MessagesError::Recalled);
    refused(&revise(stores, bob, said, "r2", &Revision::Recall).await, &MessagesError::Recalled);
    refused(&revise(stores, ann, said, "r3", &Revision::Recall).await, &MessagesError::Recalled);
}

async fn only_messages_are_changed_and_where_they_are(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let elsewhere = stores.group(ann, &[]).await;
    let said = stores.say(room, ann, "m1").await.message_id;
    let hidden = stores.say(elsewhere, ann, "m2").await.message_id;
    revise(stores, ann, said, "e1", &edit("m1!")).await.unwrap();
    refused(&revise(stores, ann, MessageId::fresh(), "e2", &edit("x")).await, &MessagesError::NoSuchMessage);
    // Whether it exists in a room that isn't his is not Bob's to know.
    refused(&revise(stores, bob, hidden, "e2", &edit("x")).await, &MessagesError::NoSuchMessage);
    let within = |room, sender, message| revision(Some(room), sender, message, "e3", &edit("x"));
    let outcome = stores.messages.revise(&within(elsewhere, ann, said)).await;
    refused(&outcome, &MessagesError::NoSuchMessage);
    refused(&stores.messages.revise(&within(elsewhere, bob, hidden)).await, &MessagesError::NotMember);
    refused(&stores.messages.revise(&within(RoomId(999_999), ann, said)).await, &MessagesError::NotMember);
    // The id of an edit is no message's.
    let new = revision(None, ann, said, "e4", &edit("m1!!"));
    stores.messages.revise(&new).await.unwrap();
    refused(&revise(stores, ann, new.id, "e5", &edit("x")).await, &MessagesError::NoSuchMessage);
    assert_eq!(stores.messages.message(new.id).await.unwrap(), None);
}

async fn who_left_or_is_banned_changes_nothing(stores: &Stores) {
    let (_, bob, room) = pair(stores).await;
    let said = stores.say(room, bob, "m1").await.message_id;
    stores.ban(bob, Some(room), NOW.plus(60_001)).await;
    for what in [edit("x"), Revision::Recall] {
        refused(&revise(stores, bob, said, "x", &what).await, &MessagesError::Banned);
    }
    stores.rooms.remove_member(room, bob).await.unwrap();
    refused(&revise(stores, bob, said, "x", &edit("x")).await, &MessagesError::NoSuchMessage);
    let within = revision(Some(room), bob, said, "x", &edit("x"));
    refused(&stores.messages.revise(&within).await, &MessagesError::NotMember);
    assert_eq!(read(stores, said).await.content, "m1");
}

async fn what_is_refused_takes_no_seq(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let anns = stores.say(room, ann, "m1").await.message_id;
    for what in [edit("x"), Revision::Recall] {
        revise(stores, bob, anns, "x", &what).await.unwrap_err();
        let late = NewRevision { not_before: NOW.plus(999_999), ..revision(None, bob, anns, "x", &what) };
        stores.messages.revise(&late).await.unwrap_err();
        revise(stores, ann, anns, "m1", &what).await.unwrap_err();
    }
    assert_eq!(stores.room(room).await.last_seq, Seq(1));
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (1, 1));
    assert_eq!(stores.say(room, ann, "m2").await.seq, Seq(2));
}
