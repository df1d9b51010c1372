//! The rules of `Messages::history`.

use shared::ids::{RoomId, Seq, UserId};
use shared::model::Page;
use shared::ports::Window;

use super::stores::Stores;

on_every_engine! {
    pages_count_from_the_newest,
    a_window_stops_at_its_seq,
    what_was_said_before_stays_hidden,
}

async fn room(stores: &Stores) -> (UserId, RoomId) {
    let ann = stores.user("ann").await;
    (ann, stores.group(ann, &[]).await)
}

async fn seqs(stores: &Stores, room: RoomId, visible_after: i64, window: Window) -> (Vec<i64>, i64) {
    let listing = stores.messages.history(room, Seq(visible_after), window, Seq(0)).await.unwrap();
    (listing.items.iter().map(|message| message.seq.0).collect(), listing.total)
}

fn page(number: u32, size: u32) -> Window {
    Window::Page(Page { number, size })
}

async fn pages_count_from_the_newest(stores: &Stores) {
    let (ann, room) = room(stores).await;
    assert_eq!(seqs(stores, room, 0, page(1, 3)).await, (vec![], 0));
    for n in 1..=7 {
        stores.say(room, ann, &format!("m{n}")).await;
    }
    assert_eq!(seqs(stores, room, 0, page(1, 3)).await, (vec![5, 6, 7], 7));
    assert_eq!(seqs(stores, room, 0, page(2, 3)).await, (vec![2, 3, 4], 7));
    assert_eq!(seqs(stores, room, 0, page(3, 3)).await, (vec![1], 7));
    assert_eq!(seqs(stores, room, 0, page(4, 3)).await, (vec![], 7));
    assert_eq!(seqs(stores, RoomId(999_999), 0, page(1, 3)).await, (vec![], 0));
}

async fn a_window_stops_at_its_seq(stores: &Stores) {
    let (ann, room) = room(stores).await;
    for n in 1..=7 {
        stores.say(room, ann, &format!("m{n}")).await;
    }
    let before = |seq, limit| Window::Before { seq: Seq(seq), limit };
    let after = |seq, limit| Window::After { seq: Seq(seq), limit };
    assert_eq!(seqs(stores, room, 0, before(5, 3)).await, (vec![2, 3, 4], 7));
    assert_eq!(seqs(stores, room, 0, before(2, 3)).await, (vec![1], 7));
    assert_eq!(seqs(stores, room, 0, before(1, 3)).await, (vec![], 7));
    assert_eq!(seqs(stores, room, 0, after(5, 3)).await, (vec![6, 7], 7));
    assert_eq!(seqs(stores, room, 0, after(0, 3)).await, (vec![1, 2, 3], 7));
    assert_eq!(seqs(stores, room, 0, after(7, 3)).await, (vec![], 7));
}

async fn what_was_said_before_stays_hidden(stores: &Stores) {
    let (ann, room) = room(stores).await;
    for n in 1..=7 {
        stores.say(room, ann, &format!("m{n}")).await;
    }
    assert_eq!(seqs(stores, room, 4, page(1, 2)).await, (vec![6, 7], 3));
    assert_eq!(seqs(stores, room, 4, page(2, 2)).await, (vec![5], 3));
    assert_eq!(seqs(stores, room, 4, page(3, 2)).await, (vec![], 3));
    assert_eq!(seqs(stores, room, 4, Window::Before { seq: Seq(6), limit: 9 }).await, (vec![5], 3));
    assert_eq!(seqs(stores, room, 4, Window::After { seq: Seq(1), limit: 2 }).await, (vec![5, 6], 3));
    assert_eq!(seqs(stores, room, 7, page(1, 2)).await, (vec![], 0));
}
