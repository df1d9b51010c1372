//! The rules of `Messages::expire`.

use shared::clock::UnixMs;
use shared::ids::{MessageId, RoomId, Seq, UserId};
use shared::model::{Page, RoomType};
use shared::ports::{NewMessage, NewRoom, Resumption, Standing, Window};

use super::stores::{NOW, ROOMY, Stores, message, new_room};

on_every_engine! {
    entries_are_kept_until_their_retention_is_over,
    numbers_marks_and_seqs_stay,
    a_few_are_removed_at_a_time,
    a_gap_is_where_something_was_removed,
    who_could_not_have_seen_it_has_no_gap,
    what_was_removed_can_be_marked_as_read,
    a_log_loses_its_head_as_a_whole,
    open_deliveries_go_with_their_entries,
}

async fn pair(stores: &Stores) -> (UserId, UserId, RoomId) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[bob]).await;
    (ann, bob, room)
}

/// Says something at each of these times.
async fn say_at(stores: &Stores, room: RoomId, sender: UserId, times: impl IntoIterator<Item = i64>) {
    for at in times {
        let now = NOW.plus(at);
        let text = format!("at {at}");
        let new = NewMessage { id: MessageId::at(now), now, ..message(room, sender, &text) };
        stores.messages.append(&new).await.unwrap();
    }
}

async fn expire(stores: &Stores, cutoff: i64) -> u64 {
    stores.messages.expire(NOW.plus(cutoff), 1_000).await.unwrap()
}

async fn kept(stores: &Stores, room: RoomId) -> (Vec<i64>, i64) {
    let window = Window::After { seq: Seq(0), limit: 1_000 };
    let listing = stores.messages.history(room, Seq(0), window, Seq(0)).await.unwrap();
    (listing.items.iter().map(|message| message.seq.0).collect(), listing.total)
}

async fn standing(stores: &Stores, user: UserId, room: RoomId, asked: i64) -> (Standing, Vec<i64>) {
    let from = Resumption {
        user,
        rooms: vec![(room, Seq(asked))],
        epoch: None,
        max_entries: 100,
        max_bytes: 100_000,
        max_others: 0,
    };
    let caught_up = stores.messages.resume(&from).await.unwrap();
    (caught_up.rooms[0], caught_up.entries.iter().map(|entry| entry.seq().0).collect())
}

async fn entries_are_kept_until_their_retention_is_over(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    say_at(stores, room, ann, [0, 10, 20]).await;
    assert_eq!(expire(stores, 10).await, 1);
    assert_eq!(kept(stores, room).await, (vec![2, 3], 2));
    assert_eq!(expire(stores, 10).await, 0);
    assert_eq!(expire(stores, 11).await, 1);
    assert_eq!(expire(stores, 1_000).await, 1);
    assert_eq!(kept(stores, room).await, (vec![], 0));
    assert_eq!(stores.rows_in("messages").await, 0);
}

async fn numbers_marks_and_seqs_stay(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    say_at(stores, room, ann, 0..10).await;
    stores.rooms.mark_read(room, bob, Seq(3)).await.unwrap();
    expire(stores, 6).await;
    assert_eq!((stores.unread(room, bob).await, stores.room(room).await.last_seq), (7, Seq(10)));
    assert_eq!(kept(stores, room).await, (vec![7, 8, 9, 10], 4));
    let page = async |number| {
        let window = Window::Page(Page { number, size: 3 });
        let listing = stores.messages.history(room, Seq(0), window, Seq(0)).await.unwrap();
        listing.items.iter().map(|message| message.seq.0).collect::<Vec<_>>()
    };
    assert_eq!((page(1).await, page(2).await, page(3).await), (vec![8, 9, 10], vec![7], vec![]));
    expire(stores, 100).await;
    let summary = stores.rooms.summary(room, bob).await.unwrap().unwrap();
    assert_eq!((summary.unread_count, summary.last_message, page(1).await), (7, None, vec![]));
    assert_eq!(stores.say(room, ann, "next").await.seq, Seq(11));
    assert_eq!((kept(stores, room).await, stores.unread(room, bob).await), ((vec![11], 1), 8));
}

async fn a_few_are_removed_at_a_time(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    let other = stores.group(bob, &[]).await;
    // One after the other, so that the oldest are of both.
    for at in 0..10 {
        say_at(stores, room, ann, [2 * at]).await;
        say_at(stores, other, bob, [2 * at + 1]).await;
    }
    let mut steps = Vec::new();
    loop {
        let removed = stores.messages.expire(NOW.plus(16), 5).await.unwrap();
        if removed == 0 {
            break;
        }
        steps.push(removed);
    }
    assert_eq!(steps, [5, 5, 5, 1]);
    assert_eq!((kept(stores, room).await, kept(stores, other).await), ((vec![9, 10], 2), (vec![9, 10], 2)));
}

async fn a_gap_is_where_something_was_removed(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    say_at(stores, room, ann, 0..5).await;
    expire(stores, 3).await;
    for (asked, gap, seqs) in [
        (0, true, vec![4, 5]),
        (2, true, vec![4, 5]),
        (3, false, vec![4, 5]),
        (4, false, vec![5]),
        (5, false, vec![]),
    ] {
        let (standing, entries) = standing(stores, bob, room, asked).await;
        assert_eq!((standing.gap, standing.first_seq, entries), (gap, Seq(4), seqs), "after {asked}");
    }
    expire(stores, 100).await;
    for (asked, gap) in [(4, true), (5, false)] {
        let (standing, entries) = standing(stores, bob, room, asked).await;
        assert_eq!((standing.gap, standing.first_seq, entries), (gap, Seq(6), vec![]), "after {asked}");
    }
}

async fn who_could_not_have_seen_it_has_no_gap(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let new = NewRoom { history_before_joining: false, ..new_room(RoomType::Group, "team", ann, &[]) };
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap().id;
    say_at(stores, room, ann, 0..3).await;
    stores.rooms.add_members(room, &[bob], ROOMY, NOW).await.unwrap();
    say_at(stores, room, ann, 3..5).await;
    expire(stores, 3).await;
    assert!(!standing(stores, bob, room, 0).await.0.gap && standing(stores, ann, room, 0).await.0.gap);
    expire(stores, 4).await;
    assert!(standing(stores, bob, room, 0).await.0.gap);
}

async fn what_was_removed_can_be_marked_as_read(stores: &Stores) {
    let (ann, bob, room) = pair(stores).await;
    say_at(stores, room, ann, 0..10).await;
    expire(stores, 6).await;
    stores.rooms.mark_read(room, bob, Seq(4)).await.unwrap();
    assert_eq!(stores.unread(room, bob).await, 4, "nothing that is gone is left to be read");
    stores.rooms.mark_read(room, bob, Seq(8)).await.unwrap();
    assert_eq!(stores.unread(room, bob).await, 2);
    expire(stores, 100).await;
    stores.rooms.mark_read(room, bob, Seq(10)).await.unwrap();
    assert_eq!(stores.unread(room, bob).await, 0);
}

async fn a_log_loses_its_head_as_a_whole(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    // The second was stored by a clock that is ahead.
    say_at(stores, room, ann, [0, 1_000, 2, 3_000]).await;
    assert_eq!(expire(stores, 10).await, 3);
    assert_eq!(kept(stores, room).await, (vec![4], 1));
}

async fn open_deliveries_go_with_their_entries(stores: &Stores) {
    let (ann, _, room) = pair(stores).await;
    say_at(stores, room, ann, 0..3).await;
    expire(stores, 2).await;
    assert_eq!(stores.rows_in("outbox").await, 1);
    let rows = stores.outbox.claim_due(UnixMs(i64::MAX / 2), 9).await.unwrap();
    assert_eq!(rows.len(), 1);
}
