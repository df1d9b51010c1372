//! The same again, and several at once.

use futures::future::{join, join_all};
use shared::ids::Seq;
use shared::model::Entry;
use shared::ports::{MessagesError, NewRevision, Revision, Window};

use super::super::stores::{NOW, Stores, message};
use super::{edit, pair, read, refused, revise, revision};

on_every_engine! {
    a_repeat_gets_the_first_answer,
    racing_repeats_are_stored_once,
    a_repeated_edit_of_a_recalled_message_says_nothing,
    the_same_id_with_another_body_is_a_conflict,
    edits_beside_sends_leave_no_gap,
    of_an_edit_and_a_recall_at_once_the_recall_holds,
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
    let rows = stores.messages.history(room, Seq(0), Window::After { seq: Seq(0), limit: 99 }, Seq(0));
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
