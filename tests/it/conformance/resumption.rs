//! The rules of `Messages::resume`.

use shared::ids::{ClientMessageId, MessageId, RoomId, Seq, UserId};
use shared::model::{Entry, RoomType};
use shared::ports::{CaughtUp, NewMessage, NewRevision, NewRoom, Resumption, Revision};
use uuid::Uuid;

use super::stores::{NOW, ROOMY, Stores, message, new_room};

on_every_engine! {
    what_came_since_stands_in_order,
    rooms_with_little_to_tell_come_first,
    no_entry_begins_past_the_bytes_asked_for,
    other_rooms_are_named_the_most_active_first,
    rooms_that_one_is_not_in_are_left_out,
    what_was_said_before_they_came_stays_hidden,
    another_epoch_reads_no_entry,
    who_is_ahead_gets_nothing,
    who_names_no_room_is_told_of_theirs,
}

/// Without a limit that a case would meet by accident.
fn from(user: UserId, rooms: &[(RoomId, i64)]) -> Resumption {
    Resumption {
        user,
        rooms: rooms.iter().map(|(room, seq)| (*room, Seq(*seq))).collect(),
        epoch: None,
        max_entries: 1_000,
        max_bytes: 1_000_000,
        max_others: 1_000,
    }
}

async fn resume(stores: &Stores, from: &Resumption) -> CaughtUp {
    stores.messages.resume(from).await.unwrap()
}

fn places(caught_up: &CaughtUp) -> Vec<(RoomId, i64)> {
    caught_up.entries.iter().map(|entry| (entry.room_id(), entry.seq().0)).collect()
}

async fn say(stores: &Stores, room: RoomId, sender: UserId, count: usize) {
    for n in 0..count {
        stores.say(room, sender, &format!("message {n}")).await;
    }
}

async fn revise(stores: &Stores, sender: UserId, message: MessageId, what: Revision) -> Entry {
    let new = NewRevision {
        id: MessageId::at(NOW),
        message,
        room: None,
        sender,
        client_id: ClientMessageId::parse(what.word()).unwrap(),
        digest: [1; 32],
        revision: what,
        not_before: NOW,
        now: NOW.plus(60_000),
    };
    stores.messages.revise(&new).await.unwrap().entry
}

async fn what_came_since_stands_in_order(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let [one, two] = [stores.group(ann, &[bob]).await, stores.group(ann, &[bob]).await];
    say(stores, one, ann, 3).await;
    let said = stores.say(two, ann, "said").await.message_id;
    let gone = stores.say(two, ann, "gone").await.message_id;
    let edited = revise(stores, ann, said, Revision::Edit { content: "edited".to_owned() }).await;
    let recalled = revise(stores, ann, gone, Revision::Recall).await;

    let all = resume(stores, &from(bob, &[(one, 1), (two, 0)])).await;
    assert_eq!(places(&all), [(one, 2), (one, 3), (two, 1), (two, 2), (two, 3), (two, 4)]);
    let now = async |id| Entry::Message(stores.messages.message(id).await.unwrap().unwrap());
    assert_eq!(all.entries[2..], [now(said).await, now(gone).await, edited, recalled]);
    let standings: Vec<_> = all.rooms.iter().map(|s| (s.room, s.asked.0, s.last_seq.0, s.gap)).collect();
    assert_eq!(standings, [(one, 1, 3, false), (two, 0, 4, false)]);
    assert!(all.others.is_empty());

    let rest = resume(stores, &from(bob, &[(one, 3), (two, 3)])).await;
    assert_eq!(places(&rest), [(two, 4)]);
}

async fn rooms_with_little_to_tell_come_first(stores: &Stores) {
    let ann = stores.user("ann").await;
    let [busy, calm, silent] =
        [stores.group(ann, &[]).await, stores.group(ann, &[]).await, stores.group(ann, &[]).await];
    say(stores, busy, ann, 9).await;
    say(stores, calm, ann, 3).await;
    let all = from(ann, &[(busy, 1), (calm, 1), (silent, 0)]);
    let few = Resumption { max_entries: 5, ..all.clone() };
    assert_eq!(places(&resume(stores, &few).await), [(calm, 2), (calm, 3), (busy, 2), (busy, 3), (busy, 4)]);
    let two = Resumption { max_entries: 2, ..all.clone() };
    assert_eq!(places(&resume(stores, &two).await), [(calm, 2), (calm, 3)]);
    let none = Resumption { max_entries: 0, ..all };
    assert_eq!(places(&resume(stores, &none).await), []);
}

async fn no_entry_begins_past_the_bytes_asked_for(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    for n in 1..=4 {
        let new = NewMessage {
            // Of 60 bytes, with 40 of metadata.
            content: "字".repeat(20),
            metadata: Some(serde_json::json!({"k": "x".repeat(31)})),
            ..message(room, ann, &format!("m{n}"))
        };
        stores.messages.append(&new).await.unwrap();
    }
    let read = async |max_bytes| {
        let from = Resumption { max_bytes, ..from(ann, &[(room, 0)]) };
        resume(stores, &from).await.entries.len()
    };
    assert_eq!(read(1).await, 1, "the first one always comes");
    assert!(read(99).await == 1 && read(120).await == 2, "metadata counts");
    assert_eq!(read(100_000).await, 4);
}

async fn other_rooms_are_named_the_most_active_first(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(stores.group(ann, &[bob]).await);
    }
    stores.group(bob, &[]).await;
    for (room, count) in [(rooms[2], 1), (rooms[0], 3), (rooms[1], 2)] {
        say(stores, room, ann, count).await;
    }
    let others = async |max_others| {
        let from = Resumption { max_others, ..from(ann, &[(rooms[0], 0)]) };
        let mut others = resume(stores, &from).await.others;
        others.sort_unstable();
        others
    };
    assert_eq!(others(9).await, [(rooms[1], Seq(2)), (rooms[2], Seq(1)), (rooms[3], Seq(0))]);
    assert_eq!(others(1).await, [(rooms[1], Seq(2))]);
    assert_eq!(others(0).await, []);
}

async fn rooms_that_one_is_not_in_are_left_out(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let [left, never] = [stores.group(ann, &[bob]).await, stores.group(ann, &[]).await];
    say(stores, left, ann, 2).await;
    say(stores, never, ann, 2).await;
    stores.rooms.remove_member(left, bob).await.unwrap();
    let caught_up = resume(stores, &from(bob, &[(left, 1), (never, 0), (RoomId(999_999), 0)])).await;
    assert_eq!((caught_up.rooms, caught_up.others, caught_up.entries), (vec![], vec![], vec![]));
}

async fn what_was_said_before_they_came_stays_hidden(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let new = NewRoom { history_before_joining: false, ..new_room(RoomType::Group, "team", ann, &[]) };
    let room = stores.rooms.create(new, ROOMY, NOW).await.unwrap().id;
    say(stores, room, ann, 2).await;
    stores.rooms.add_members(room, &[bob], ROOMY, NOW).await.unwrap();
    let nothing = resume(stores, &from(bob, &[(room, 0)])).await;
    assert_eq!((places(&nothing), nothing.rooms[0].since, nothing.rooms[0].gap), (vec![], Seq(2), false));
    stores.say(room, ann, "after").await;
    assert_eq!(places(&resume(stores, &from(bob, &[(room, 0)])).await), [(room, 3)]);
    assert_eq!(places(&resume(stores, &from(ann, &[(room, 0)])).await), [(room, 1), (room, 2), (room, 3)]);
}

async fn another_epoch_reads_no_entry(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    say(stores, room, ann, 2).await;
    let this = resume(stores, &from(ann, &[])).await.epoch;
    let of = async |epoch| resume(stores, &Resumption { epoch, ..from(ann, &[(room, 0)]) }).await;
    assert_eq!(places(&of(Some(this)).await), [(room, 1), (room, 2)]);
    let foreign = of(Some(Uuid::now_v7())).await;
    assert_eq!((places(&foreign), foreign.epoch, foreign.rooms.len()), (vec![], this, 1));
}

async fn who_is_ahead_gets_nothing(stores: &Stores) {
    let ann = stores.user("ann").await;
    let room = stores.group(ann, &[]).await;
    say(stores, room, ann, 2).await;
    for seq in [2, 3, i64::MAX] {
        let caught_up = resume(stores, &from(ann, &[(room, seq)])).await;
        assert_eq!((places(&caught_up), caught_up.rooms[0].last_seq), (vec![], Seq(2)));
    }
}

async fn who_names_no_room_is_told_of_theirs(stores: &Stores) {
    let [ann, bob] = [stores.user("ann").await, stores.user("bob").await];
    let room = stores.group(ann, &[]).await;
    assert_eq!(resume(stores, &from(ann, &[])).await.others, [(room, Seq(0))]);
    let nobodys = resume(stores, &from(bob, &[])).await;
    assert_eq!((nobodys.rooms, nobodys.others, nobodys.entries), (vec![], vec![], vec![]));
}
