//! The rules of `Outbox`.

use std::collections::HashSet;

use futures::future::join_all;
use shared::ids::{ConnectionId, OutboxId, RoomId, UserId};
use shared::model::{Address, Entry, Listener};
use shared::ports::{Event, Left, OUTBOX_DUE_MS, Unposted};

use super::stores::{NOW, Stores};

on_every_engine! {
    every_message_opens_a_row,
    a_row_is_settled_once,
    a_row_falls_due_after_ten_seconds,
    a_due_row_is_claimed_by_one_sweeper,
    rows_of_an_outage_are_claimed_once_before_they_fall_due,
    the_oldest_rows_are_claimed_first,
    a_claimed_row_carries_its_message_to_everyone,
    a_row_says_who_is_left_once_it_is_noted,
    a_settled_row_is_not_claimed,
}

async fn room(stores: &Stores) -> (UserId, RoomId) {
    let ann = stores.user("ann").await;
    (ann, stores.group(ann, &[]).await)
}

async fn opened(stores: &Stores, count: usize) -> Vec<OutboxId> {
    let (ann, room) = room(stores).await;
    let mut rows = Vec::with_capacity(count);
    for n in 0..count {
        rows.push(stores.say(room, ann, &format!("m{n}")).await.outbox.unwrap());
    }
    rows
}

async fn every_message_opens_a_row(stores: &Stores) {
    assert_eq!(stores.outbox.backlog().await.unwrap(), (0, None));
    let rows = opened(stores, 3).await;
    assert_eq!(rows.iter().collect::<HashSet<_>>().len(), 3);
    assert_eq!(stores.outbox.backlog().await.unwrap(), (3, Some(NOW.plus(1))));
    stores.outbox.settle(&rows[..1]).await.unwrap();
    assert_eq!(stores.outbox.backlog().await.unwrap(), (2, Some(NOW.plus(2))));
}

async fn a_row_is_settled_once(stores: &Stores) {
    let rows = opened(stores, 20).await;
    let backwards: Vec<_> = rows.iter().rev().copied().collect();
    let racers = (0..8).map(|n| stores.outbox.settle(if n % 2 == 0 { &rows } else { &backwards }));
    let mut settled: Vec<_> = join_all(racers).await.into_iter().flat_map(Result::unwrap).collect();
    settled.sort_unstable();
    assert_eq!(settled, rows);
    assert_eq!(stores.outbox.settle(&rows).await.unwrap(), []);
    assert_eq!(stores.outbox.settle(&[]).await.unwrap(), []);
    assert_eq!(stores.rows_in("outbox").await, 0);
    assert_eq!(stores.rows_in("messages").await, 20);
}

async fn a_row_falls_due_after_ten_seconds(stores: &Stores) {
    let rows = opened(stores, 1).await;
    let said_at = NOW.plus(1);
    let claimed = async |at| -> Vec<OutboxId> {
        stores.outbox.claim_due(said_at.plus(at), 9).await.unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!(claimed(OUTBOX_DUE_MS - 1).await, []);
    assert_eq!(claimed(OUTBOX_DUE_MS).await, rows);
    // Claimed, it has as long again.
    assert_eq!(claimed(2 * OUTBOX_DUE_MS - 1).await, []);
    assert_eq!(claimed(2 * OUTBOX_DUE_MS).await, rows);
}

async fn rows_of_an_outage_are_claimed_once_before_they_fall_due(stores: &Stores) {
    // Said at 1, 2, 3, 4 and 5 ms.
    let rows = opened(stores, 5).await;
    let claim = async |now, limit| -> Vec<OutboxId> {
        let outage = NOW.plus(2)..=NOW.plus(4);
        let claimed = stores.outbox.claim_opened(outage, NOW.plus(now), limit).await.unwrap();
        claimed.iter().map(|row| row.id).collect()
    };
    assert_eq!(claim(1_000, 2).await, rows[1..3]);
    assert_eq!(claim(1_001, 9).await, rows[3..4]);
    assert_eq!(claim(1_002, 9).await, [], "none is claimed twice");
    let due = stores.outbox.claim_due(NOW.plus(OUTBOX_DUE_MS + 5), 9).await.unwrap();
    assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[0], rows[4]]);
}

async fn a_due_row_is_claimed_by_one_sweeper(stores: &Stores) {
    let rows = opened(stores, 30).await;
    let racers = (0..6).map(|_| stores.outbox.claim_due(NOW.plus(60_000), 20));
    let mut claimed: Vec<_> =
        join_all(racers).await.into_iter().flat_map(Result::unwrap).map(|row| row.id).collect();
    let rest = stores.outbox.claim_due(NOW.plus(60_000), 99).await.unwrap();
    claimed.extend(rest.iter().map(|row| row.id));
    claimed.sort_unstable();
    assert_eq!(claimed, rows);
}

async fn the_oldest_rows_are_claimed_first(stores: &Stores) {
    let rows = opened(stores, 5).await;
    let claim = async || -> Vec<OutboxId> {
        stores.outbox.claim_due(NOW.plus(60_000), 2).await.unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!([claim().await, claim().await, claim().await, claim().await].concat(), rows);
}

async fn a_claimed_row_carries_its_message_to_everyone(stores: &Stores) {
    let (ann, room) = room(stores).await;
    let said = stores.say(room, ann, "hello").await;
    let row = stores.outbox.claim_due(NOW.plus(60_000), 1).await.unwrap().remove(0);
    assert_eq!((Some(row.id), row.created_at), (said.outbox, said.timestamp));
    let Event::MessageStored(event) = row.event else { panic!("{row:?}") };
    assert_eq!((event.outbox, event.unposted), (row.id, Unposted::everyone()));
    assert_eq!(
        Some(event.entry),
        stores.messages.message(said.message_id).await.unwrap().map(Entry::Message)
    );
}

async fn a_row_says_who_is_left_once_it_is_noted(stores: &Stores) {
    let rows = opened(stores, 3).await;
    let (left, gone) = (vec![listener("a=")], vec![listener("b="), listener("c=")]);
    let some = Unposted { left: Left::These(left), gone };
    let none = Unposted { left: Left::Nobody, gone: vec![] };
    stores.outbox.note(rows[0], &none).await.unwrap();
    stores.outbox.note(rows[0], &some).await.unwrap();
    stores.outbox.note(rows[1], &none).await.unwrap();
    let claimed = stores.outbox.claim_due(NOW.plus(60_000), 9).await.unwrap();
    let unposted = claimed.into_iter().map(|row| match row.event {
        Event::MessageStored(stored) => stored.unposted,
        event => panic!("{event:?}"),
    });
    assert_eq!(unposted.collect::<Vec<_>>(), [some, none.clone(), Unposted::everyone()]);

    stores.outbox.settle(&rows).await.unwrap();
    stores.outbox.note(rows[0], &none).await.unwrap();
    assert_eq!(stores.rows_in("outbox").await, 0, "a row that is settled stays so");
}

fn listener(connection: &str) -> Listener {
    let endpoint = "http://127.0.0.1:1/v1".to_owned();
    let address = Address { connection: ConnectionId(connection.to_owned()), endpoint, connected_at: NOW };
    Listener { user: UserId(1), address }
}

async fn a_settled_row_is_not_claimed(stores: &Stores) {
    let rows = opened(stores, 2).await;
    stores.outbox.settle(&rows[..1]).await.unwrap();
    let claimed = stores.outbox.claim_due(NOW.plus(60_000), 9).await.unwrap();
    assert_eq!(claimed.iter().map(|row| row.id).collect::<Vec<_>>(), rows[1..]);
}
