//! The rules of `Messages::revise`: edits and recalls.

use futures::future::{join, join_all};
use shared::clock::UnixMs;
use shared::ids::{ClientMessageId, MessageId, RoomId, Seq, UserId};
use shared::model::{Edited, Entry, MemberRole, Message, Recalled};
use shared::ports::{Event, MessagesError, NewMessage, NewRevision, Revised, Revision};

use super::stores::{NOW, ROOMY, Stores, message};

on_every_engine! {
    an_edit_is_an_entry_and_changes_its_message,
    a_recall_is_an_entry_and_empties_its_message,
    what_was_recalled_is_in_no_earlier_edit,
    nothing_becomes_unread_or_read,
    a_repeat_gets_the_first_answer,
    racing_repeats_are_stored_once,
    a_repeated_edit_of_a_recalled_message_says_nothing,
    the_same_id_with_another_body_is_a_conflict,
    only_its_sender_edits_a_message,
    admins_of_the_room_recall_anyones,
    a_message_is_changed_until_it_is_too_old,
    an_admin_recalls_whenever,
    a_recalled_message_stays_as_it_is,
    only_messages_are_changed_and_where_they_are,
    who_left_or_is_banned_changes_nothing,
    what_is_refused_takes_no_seq,
    edits_beside_sends_leave_no_gap,
    of_an_edit_and_a_recall_at_once_the_recall_holds,
    a_room_shows_its_last_message_as_it_is,
    a_claimed_row_carries_the_edit,
}

const LONG_AGO: UnixMs = UnixMs(0);

/// A revision that is never too late.
fn revision(
    room: Option<RoomId>,
    sender: UserId,
    message: MessageId,
    id: &str,
    what: &Revision,
) -> NewRevision {
    let mut digest = [0; 32];
    for (at, byte) in format!("{message}{what:?}").bytes().enumerate() {
        digest[at % 32] ^= byte.rotate_left(u32::try_from(at).unwrap() / 32);
    }
    NewRevision {
        id: MessageId::at(NOW),
        message,
        room,
        sender,
        client_id: ClientMessageId::parse(id).unwrap(),
        digest,
        revision: what.clone(),
        not_before: LONG_AGO,
        now: NOW.plus(60_000),
    }
}

fn edit(content: &str) -> Revision {
    Revision::Edit { content: content.to_owned() }
}

async fn pair(stores: &Stores) -> (UserId, UserId, RoomId) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    (ann, bob, room)
}

async fn revise(
    stores: &Stores,
    sender: UserId,
    message: MessageId,
    id: &str,
    what: &Revision,
) -> Result<Revised, MessagesError> {
    stores.messages.revise(&revision(None, sender, message, id, what)).await
}

async fn read(stores: &Stores, message: MessageId) -> Message {
    stores.messages.message(message).await.unwrap().unwrap()
}

#[track_caller]
fn refused(outcome: &Result<Revised, MessagesError>, expected: &MessagesError) {
    let error = outcome.as_ref().unwrap_err();
    assert_eq!(std::mem::discriminant(error), std::mem::discriminant(expected), "{error:?}");
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

async fn a_repeat_gets_the_first_answer(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = stores.say(room, ann, "m1").await.message_id;
    for what in [edit("m1!"), Revision::Recall] {
        let first = revise(stores, ann, id, what.word(), &what).await.unwrap();
        stores.say(room, ann, &format!("after {}", what.word())).await;
        let late = NewRevision {
            now: NOW.plus(90_000),
            not_before: NOW.plus(90_000),
            ..revision(Some(room), ann, id, what.word(), &what)
        };
        let again = stores.messages.revise(&late).await.unwrap();
        assert!(again.repeated && !first.repeated);
        assert_eq!((&again.entry, again.outbox), (&first.entry, first.outbox));
        stores.outbox.settle(&[first.outbox.unwrap()]).await.unwrap();
        assert_eq!(stores.messages.revise(&late).await.unwrap().outbox, None);
    }
    assert_eq!(stores.room(room).await.last_seq, Seq(5));
}

async fn racing_repeats_are_stored_once(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = stores.say(room, ann, "m1").await.message_id;
    let what = edit("m1!");
    let racers = (0..32).map(|_| revise(stores, ann, id, "e1", &what));
    let answers: Vec<_> = join_all(racers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.entry == answers[0].entry));
    assert_eq!((stores.rows_in("messages").await, stores.room(room).await.last_seq), (2, Seq(2)));
}

async fn a_repeated_edit_of_a_recalled_message_says_nothing(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = stores.say(room, ann, "m1").await.message_id;
    revise(stores, ann, id, "e1", &edit("secret")).await.unwrap();
    revise(stores, ann, id, "r1", &Revision::Recall).await.unwrap();
    let again = revise(stores, ann, id, "e1", &edit("secret")).await.unwrap();
    let Entry::Edited(edited) = again.entry else { panic!("{again:?}") };
    assert_eq!((edited.seq, edited.content.as_str()), (Seq(2), ""));
}

async fn the_same_id_with_another_body_is_a_conflict(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    let id = stores.say(room, ann, "m1").await.message_id;
    revise(stores, ann, id, "e1", &edit("m1!")).await.unwrap();
    refused(&revise(stores, ann, id, "e1", &edit("other")).await, &MessagesError::Conflict);
    refused(&revise(stores, ann, id, "e1", &Revision::Recall).await, &MessagesError::Conflict);
    refused(&revise(stores, ann, id, "m1", &edit("m1!")).await, &MessagesError::Conflict);
    let send = stores.messages.append(&message(room, ann, "e1")).await;
    assert!(matches!(send, Err(MessagesError::Conflict)), "{send:?}");
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (2, 2));
    assert_eq!(read(stores, id).await.content, "m1!");
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

async fn edits_beside_sends_leave_no_gap(stores: &Stores) {
    let users = stores.users(8).await;
    let room = stores.group(users[0], &users).await;
    let work = users.iter().map(async |user| {
        let mut seqs = Vec::new();
        for n in 0..4 {
            let said = stores.say(room, *user, &format!("{user}-{n}")).await;
            let edited = revise(stores, *user, said.message_id, &format!("e{n}"), &edit("changed")).await;
            seqs.extend([said.seq.0, edited.unwrap().entry.seq().0]);
        }
        assert!(seqs.is_sorted(), "{seqs:?}");
        seqs
    });
    let mut all = join_all(work).await.concat();
    all.sort_unstable();
    assert_eq!(all, (1..=64).collect::<Vec<_>>());
    let rows = stores.messages.history(room, Seq(0), shared::ports::Window::After { seq: Seq(0), limit: 99 });
    let rows = rows.await.unwrap();
    assert_eq!((rows.total, rows.items.len()), (32, 32));
    assert!(rows.items.iter().all(|message| message.content == "changed" && message.edited_at.is_some()));
}

async fn of_an_edit_and_a_recall_at_once_the_recall_holds(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    for round in 0..20 {
        let said = stores.say(room, bob, &format!("m{round}")).await.message_id;
        let (edit_id, recall_id) = (format!("e{round}"), format!("r{round}"));
        let what = edit("edited");
        let editing = revise(stores, bob, said, &edit_id, &what);
        let recalling = revise(stores, ann, said, &recall_id, &Revision::Recall);
        let noise = format!("noise {round}");
        let noise = stores.say(room, ann, &noise);
        let ((edited, recalled), _) = join(join(editing, recalling), noise).await;
        let recalled = recalled.unwrap().entry.seq();
        match edited {
            Ok(edited) => assert!(edited.entry.seq() < recalled, "no edit after the recall"),
            Err(error) => assert!(matches!(error, MessagesError::Recalled), "{error:?}"),
        }
        let message = read(stores, said).await;
        assert_eq!((message.recalled, message.content.as_str()), (true, ""));
    }
    assert_eq!(stores.rows_in("messages").await, stores.room(room).await.last_seq.0);
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
