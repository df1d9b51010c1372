//! The rules of `Blocks`, and what a block keeps from being written.

use futures::future::join_all;
use shared::ids::{RoomId, Seq, UserId};
use shared::model::Page;
use shared::ports::{BlocksError, ContactScope, MessagesError, NewRevision, Revision, RoomsError};

use super::stores::{FIRST_PAGE, NOW, ROOMY, Stores, message};

on_every_engine! {
    a_block_is_of_one_by_one,
    a_list_has_the_newest_first_and_is_paged,
    a_list_takes_as_many_as_it_may_and_no_more,
    of_racing_blocks_no_more_are_kept_than_may_be,
    nobody_blocks_themselves_or_nobody,
    who_is_blocked_sends_nothing_to_the_pair,
    a_repeat_from_before_the_block_gets_its_answer,
    who_is_blocked_edits_nothing_and_may_recall,
    who_is_blocked_opens_no_direct_room,
    a_receipt_concerns_nobody_whom_a_block_keeps_apart,
    a_status_is_nothing_to_whom_a_block_keeps_apart,
    an_anonymised_user_is_in_no_list,
}

async fn pair(stores: &Stores) -> (UserId, UserId) {
    (stores.user("ann").await, stores.user("bob").await)
}

/// The direct room of two users, in which the first blocks the second.
async fn apart(stores: &Stores) -> (UserId, UserId, RoomId) {
    let (ann, bob) = pair(stores).await;
    let room = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    stores.block(ann, bob).await;
    (ann, bob, room)
}

async fn list(stores: &Stores, of: UserId, page: Page) -> (Vec<UserId>, i64) {
    let found = stores.blocks.blocked_by(of, page).await.unwrap();
    (found.items.into_iter().map(|blocked| blocked.user.id).collect(), found.total)
}

async fn a_block_is_of_one_by_one(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let eve = stores.user("eve").await;
    assert_eq!(stores.blocks.apart(ann, &[bob]).await.unwrap(), []);
    stores.block(ann, bob).await;
    stores.block(ann, bob).await;
    assert_eq!(stores.rows_in("blocks").await, 1);
    for (one, other) in [(ann, bob), (bob, ann)] {
        assert_eq!(stores.blocks.apart(one, &[eve, other]).await.unwrap(), [other]);
        assert_eq!(stores.blocks.apart(one, &[eve]).await.unwrap(), []);
    }
    stores.block(bob, ann).await;
    assert_eq!(stores.blocks.apart(ann, &[bob]).await.unwrap(), [bob], "once, when both do");
    stores.blocks.unblock(bob, ann).await.unwrap();
    assert!(stores.blocks.any_blocks(&[eve, ann], bob).await.unwrap());
    assert!(!stores.blocks.any_blocks(&[eve, bob], ann).await.unwrap());
    assert!(!stores.blocks.any_blocks(&[], bob).await.unwrap());
    for _ in 0..2 {
        stores.blocks.unblock(ann, bob).await.unwrap();
    }
    assert_eq!(stores.blocks.apart(ann, &[bob]).await.unwrap(), []);
}

async fn a_list_has_the_newest_first_and_is_paged(stores: &Stores) {
    let (ann, others) = (stores.user("ann").await, stores.users(3).await);
    assert_eq!(list(stores, ann, FIRST_PAGE).await, (vec![], 0));
    for other in &others {
        stores.blocks.block(ann, *other, ROOMY, stores.tick()).await.unwrap();
    }
    stores.block(others[0], others[1]).await;
    assert_eq!(list(stores, ann, FIRST_PAGE).await, (vec![others[2], others[1], others[0]], 3));
    let page = |number| Page { number, size: 2 };
    assert_eq!(list(stores, ann, page(2)).await, (vec![others[0]], 3));
    assert_eq!(list(stores, ann, page(3)).await, (vec![], 3));
    let first = stores.blocks.blocked_by(others[0], FIRST_PAGE).await.unwrap().items.remove(0);
    assert_eq!((first.user.username.as_str(), first.blocked_at), ("u2", NOW));
}

async fn a_list_takes_as_many_as_it_may_and_no_more(stores: &Stores) {
    let (ann, others) = (stores.user("ann").await, stores.users(4).await);
    for other in &others[..3] {
        stores.blocks.block(ann, *other, 3, NOW).await.unwrap();
    }
    let past = stores.blocks.block(ann, others[3], 3, NOW).await;
    assert!(matches!(past, Err(BlocksError::Full(3))), "{past:?}");
    stores.blocks.block(ann, others[1], 3, NOW).await.unwrap();
    assert_eq!(stores.rows_in("blocks").await, 3);
    stores.blocks.unblock(ann, others[0]).await.unwrap();
    stores.blocks.block(ann, others[3], 3, NOW).await.unwrap();
}

async fn of_racing_blocks_no_more_are_kept_than_may_be(stores: &Stores) {
    let (ann, others) = (stores.user("ann").await, stores.users(12).await);
    let racers = join_all(others.iter().map(|other| stores.blocks.block(ann, *other, 5, NOW))).await;
    assert_eq!(racers.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    assert_eq!(stores.rows_in("blocks").await, 5);
}

async fn nobody_blocks_themselves_or_nobody(stores: &Stores) {
    let (ann, nobody) = (stores.user("ann").await, UserId(999_999));
    for (blocker, blocked) in [(ann, nobody), (nobody, ann)] {
        let outcome = stores.blocks.block(blocker, blocked, ROOMY, NOW).await;
        assert!(matches!(outcome, Err(BlocksError::NoUser)), "{outcome:?}");
    }
    assert!(stores.blocks.block(ann, ann, ROOMY, NOW).await.is_err());
    assert_eq!(stores.rows_in("blocks").await, 0);
}

async fn who_is_blocked_sends_nothing_to_the_pair(stores: &Stores) {
    let (ann, bob, room) = apart(stores).await;
    let refused = stores.messages.append(&message(room, bob, "m1")).await;
    assert!(matches!(refused, Err(MessagesError::Blocked)), "{refused:?}");
    assert_eq!((stores.rows_in("messages").await, stores.rows_in("outbox").await), (0, 0));
    assert_eq!(stores.room(room).await.last_seq, Seq(0));
    // The other way nothing is in between, nor after the block is taken back.
    assert_eq!(stores.say(room, ann, "m1").await.seq, Seq(1));
    stores.blocks.unblock(ann, bob).await.unwrap();
    assert_eq!(stores.say(room, bob, "m1").await.seq, Seq(2));
}

async fn a_repeat_from_before_the_block_gets_its_answer(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let room = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let first = stores.messages.append(&message(room, bob, "m1")).await.unwrap();
    stores.block(ann, bob).await;
    let again = stores.messages.append(&message(room, bob, "m1")).await.unwrap();
    assert_eq!((again.repeated, again.message_id, again.seq), (true, first.message_id, first.seq));
}

async fn who_is_blocked_edits_nothing_and_may_recall(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let room = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let said = stores.messages.append(&message(room, bob, "m1")).await.unwrap().message_id;
    stores.block(ann, bob).await;
    let revision = |id: &str, revision| {
        let new = message(room, bob, id);
        NewRevision {
            id: new.id,
            message: said,
            room: None,
            sender: bob,
            client_id: new.client_id,
            digest: new.digest,
            revision,
            not_before: NOW,
            now: NOW,
        }
    };
    let edit = revision("e1", Revision::Edit { content: "worse".to_owned() });
    let refused = stores.messages.revise(&edit).await;
    assert!(matches!(refused, Err(MessagesError::Blocked)), "{refused:?}");
    assert_eq!(stores.messages.message(said).await.unwrap().unwrap().content, "m1");
    assert_eq!(stores.rows_in("messages").await, 1);
    stores.messages.revise(&revision("r1", Revision::Recall)).await.unwrap();
    assert_eq!(stores.messages.message(said).await.unwrap().unwrap().content, "");
}

async fn who_is_blocked_opens_no_direct_room(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    stores.block(ann, bob).await;
    let refused = stores.rooms.direct(bob, ann, NOW).await;
    assert!(matches!(refused, Err(RoomsError::Blocked)), "{refused:?}");
    assert_eq!((stores.rows_in("rooms").await, stores.rows_in("room_members").await), (0, 0));
    // Who blocks may; then the room is there for both.
    let room = stores.rooms.direct(ann, bob, NOW).await.unwrap();
    assert_eq!(stores.rooms.direct(bob, ann, NOW).await.unwrap(), room);
}

async fn a_receipt_concerns_nobody_whom_a_block_keeps_apart(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let eve = stores.user("eve").await;
    let direct = stores.rooms.direct(ann, bob, NOW).await.unwrap().id;
    let group = stores.group(ann, &[bob, eve]).await;
    for (room, others) in [(direct, vec![]), (group, vec![eve])] {
        let all_say = async |text: &str| {
            for other in &others {
                stores.say(room, *other, text).await;
            }
        };
        stores.say(room, bob, "m1").await;
        assert_eq!(stores.rooms.mark_read(room, ann, Seq(1)).await.unwrap().senders, [bob]);
        stores.say(room, bob, "m2").await;
        all_say("m3").await;
        stores.block(ann, bob).await;
        for reader in [ann, bob] {
            let upto = stores.room(room).await.last_seq;
            let reading = stores.rooms.mark_read(room, reader, upto).await.unwrap();
            assert_eq!((reading.membership.read_seq, &reading.senders), (upto, &others));
            assert_eq!(stores.rooms.reading(room, reader, Seq(0)).await.unwrap().senders, others);
            stores.say(room, ann, &format!("read by {reader}")).await;
            all_say(&format!("read by {reader}")).await;
        }
        stores.blocks.unblock(ann, bob).await.unwrap();
    }
}

async fn a_status_is_nothing_to_whom_a_block_keeps_apart(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let eve = stores.user("eve").await;
    stores.group(ann, &[bob, eve]).await;
    stores.block(ann, bob).await;
    let scope = ContactScope { room_max_members: 3, rooms: 9, users: 9 };
    for (user, contacts) in [(ann, vec![eve]), (bob, vec![eve]), (eve, vec![ann, bob])] {
        let mut found = stores.statuses.contacts(user, scope).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, contacts, "{user}");
    }
}

async fn an_anonymised_user_is_in_no_list(stores: &Stores) {
    let (ann, bob) = pair(stores).await;
    let eve = stores.user("eve").await;
    stores.block(ann, bob).await;
    stores.block(bob, eve).await;
    stores.accounts.anonymise(bob, NOW).await.unwrap();
    assert_eq!(stores.rows_in("blocks").await, 0);
    let gone = stores.blocks.block(ann, bob, ROOMY, NOW).await;
    assert!(matches!(gone, Err(BlocksError::NoUser)), "{gone:?}");
}
