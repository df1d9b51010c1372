//! The rules of `Broadcasts`.

use futures::future::join_all;
use serde_json::json;
use shared::ids::{BroadcastId, ConnectionId, RoomId, UserId};
use shared::model::{Broadcast, BroadcastKind, BroadcastScope, BroadcastState};
use shared::ports::{
    BroadcastChunk, BroadcastStep, BroadcastStepTaken, BroadcastTarget, BroadcastsError, ChunkTally, Event,
    NewBroadcast,
};
use uuid::Uuid;

use super::stores::{NOW, Stores};

on_every_engine! {
    a_broadcast_is_begun_once_with_its_first_step_in_the_outbox,
    an_id_with_another_body_is_refused,
    a_broadcast_is_moved_on_step_by_step_and_settled_with_the_last,
    a_step_that_was_taken_counts_once,
    what_became_of_chunks_is_added_up,
    an_attempt_that_is_made_again_counts_once,
    who_was_reached_after_all_is_not_counted_again_by_the_attempt_that_followed,
    a_chunk_may_be_posted_before_its_step_is_known,
    without_news_a_broadcast_ends_after_ten_minutes,
    broadcasts_expire_with_their_chunks,
}

async fn new(stores: &Stores, target: BroadcastTarget) -> NewBroadcast {
    let (kind, data) = (BroadcastKind::Notification, json!({"title": "系统通知"}));
    let digest = NewBroadcast::digest_of(kind, target, &data);
    let created_by = stores.user("admin").await;
    NewBroadcast { id: BroadcastId::fresh(), kind, target, data, created_by, digest }
}

/// One to all that was begun at `NOW`.
async fn begun(stores: &Stores) -> BroadcastId {
    let new = new(stores, BroadcastTarget::All).await;
    stores.broadcasts.start_broadcast(&new, NOW).await.unwrap();
    new.id
}

async fn standing(stores: &Stores, id: BroadcastId) -> Broadcast {
    stores.broadcasts.broadcast(id, NOW.plus(1_000)).await.unwrap().expect("the broadcast")
}

fn taken(broadcast: BroadcastId, step: u32, sockets: &[u32], is_last: bool) -> BroadcastStepTaken {
    let chunks = sockets.iter().map(|sockets| (Uuid::now_v7(), *sockets)).collect();
    let after = Some(ConnectionId(format!("c{step}=")));
    BroadcastStepTaken { broadcast, step, after, chunks, is_last }
}

async fn noted(stores: &Stores, taken: &BroadcastStepTaken) -> bool {
    stores.broadcasts.note_step(taken, NOW.plus(i64::from(taken.step) + 1)).await.unwrap()
}

/// The chunks of a step.
fn chunks(taken: &BroadcastStepTaken) -> Vec<BroadcastChunk> {
    let broadcast = taken.broadcast;
    taken.chunks.iter().map(|(chunk, _)| BroadcastChunk { broadcast, chunk: *chunk }).collect()
}

const fn tally(posted: u32, gone: u32, handed_on: u32, given_up: u32) -> ChunkTally {
    ChunkTally { posted, gone, handed_on, given_up }
}

async fn note(stores: &Stores, chunk: BroadcastChunk, attempt: u8, tally: ChunkTally) {
    stores.broadcasts.note_chunk(chunk, attempt, tally, NOW.plus(500)).await.unwrap();
}

fn counts(broadcast: &Broadcast) -> (BroadcastState, [i64; 4]) {
    let Broadcast { state, sockets, posted, gone, left, .. } = *broadcast;
    (state, [sockets, posted, gone, left])
}

async fn a_broadcast_is_begun_once_with_its_first_step_in_the_outbox(stores: &Stores) {
    for target in [BroadcastTarget::All, BroadcastTarget::Room(RoomId(7)), BroadcastTarget::User(UserId(8))] {
        stores.execute("delete from broadcasts").await;
        stores.execute("delete from outbox").await;
        stores.execute("delete from users").await;
        let new = new(stores, target).await;
        let racers = (0..6).map(|_| stores.broadcasts.start_broadcast(&new, NOW));
        let begun = join_all(racers).await.into_iter().filter(|begun| *begun.as_ref().unwrap());
        assert_eq!(begun.count(), 1);
        let claimed = stores.outbox.claim_due(NOW.plus(60_000), 9).await.unwrap();
        let step = Event::BroadcastStep(BroadcastStep { broadcast: new.id, step: 0 });
        assert_eq!(claimed.iter().map(|row| &row.event).collect::<Vec<_>>(), [&step]);
        let work = stores.broadcasts.broadcast_work(new.id).await.unwrap().expect("the broadcast");
        assert_eq!((work.kind, work.target, &work.data), (new.kind, target, &new.data));
        assert_eq!((work.steps, work.after, work.found_all), (0, None, false));
        assert_eq!((work.created_at, work.moved_at), (NOW, NOW));
        assert_eq!(standing(stores, new.id).await.scope, target.scope());
    }
    let unknown = BroadcastId::fresh();
    assert_eq!(stores.broadcasts.broadcast_work(unknown).await.unwrap(), None);
    assert_eq!(stores.broadcasts.broadcast(unknown, NOW).await.unwrap(), None);
}

async fn an_id_with_another_body_is_refused(stores: &Stores) {
    let new = new(stores, BroadcastTarget::All).await;
    stores.broadcasts.start_broadcast(&new, NOW).await.unwrap();
    let other = NewBroadcast::digest_of(new.kind, BroadcastTarget::User(UserId(1)), &new.data);
    let refused = stores.broadcasts.start_broadcast(&NewBroadcast { digest: other, ..new }, NOW).await;
    assert!(matches!(refused, Err(BroadcastsError::Conflict)), "{refused:?}");
    assert_eq!((stores.rows_in("broadcasts").await, stores.rows_in("outbox").await), (1, 1));
}

async fn a_broadcast_is_moved_on_step_by_step_and_settled_with_the_last(stores: &Stores) {
    let id = begun(stores).await;
    assert!(noted(stores, &taken(id, 0, &[100, 100], false)).await);
    let work = stores.broadcasts.broadcast_work(id).await.unwrap().unwrap();
    assert_eq!(
        (work.steps, work.after, work.moved_at),
        (1, Some(ConnectionId("c0=".to_owned())), NOW.plus(1))
    );
    assert_eq!((work.found_all, stores.rows_in("outbox").await), (false, 1));
    assert!(noted(stores, &taken(id, 1, &[7], true)).await);
    let work = stores.broadcasts.broadcast_work(id).await.unwrap().unwrap();
    assert_eq!((work.steps, work.found_all, stores.rows_in("outbox").await), (2, true, 0));
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Running, [207, 0, 0, 207]));
}

async fn a_step_that_was_taken_counts_once(stores: &Stores) {
    let id = begun(stores).await;
    let racers: Vec<_> = (0..6).map(|_| taken(id, 0, &[10], true)).collect();
    let counted = join_all(racers.iter().map(|taken| noted(stores, taken))).await;
    assert_eq!(counted.iter().filter(|counted| **counted).count(), 1);
    assert!(!noted(stores, &taken(id, 1, &[10], true)).await, "there is none after the last");
    for (taken, counted) in racers.iter().zip(counted) {
        note(stores, chunks(taken)[0], 0, tally(if counted { 10 } else { 9 }, 0, 0, 0)).await;
    }
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Done, [10, 10, 0, 0]));
}

async fn what_became_of_chunks_is_added_up(stores: &Stores) {
    let id = begun(stores).await;
    let step = taken(id, 0, &[10, 5], true);
    assert!(noted(stores, &step).await);
    let (first, second) = (chunks(&step)[0], chunks(&step)[1]);
    note(stores, first, 0, tally(6, 1, 3, 0)).await;
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Running, [15, 6, 1, 8]));
    note(stores, second, 0, tally(5, 0, 0, 0)).await;
    note(stores, first, 1, tally(1, 0, 2, 0)).await;
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Running, [15, 12, 1, 2]));
    note(stores, first, 2, tally(1, 0, 0, 1)).await;
    let done = standing(stores, id).await;
    assert_eq!(counts(&done), (BroadcastState::Done, [15, 13, 1, 1]));
    assert_eq!((done.kind, done.scope), (BroadcastKind::Notification, BroadcastScope::All));
    assert_eq!((done.created_at, done.finished_at), (NOW, Some(NOW.plus(500))));
}

async fn an_attempt_that_is_made_again_counts_once(stores: &Stores) {
    let id = begun(stores).await;
    let step = taken(id, 0, &[10], true);
    assert!(noted(stores, &step).await);
    let chunk = chunks(&step)[0];
    assert!(!stores.broadcasts.chunk_noted(chunk, 0).await.unwrap(), "found, not posted to");
    for _ in 0..2 {
        note(stores, chunk, 0, tally(7, 0, 3, 0)).await;
        assert!(stores.broadcasts.chunk_noted(chunk, 0).await.unwrap());
        assert!(!stores.broadcasts.chunk_noted(chunk, 1).await.unwrap());
    }
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Running, [10, 7, 0, 3]));
}

async fn who_was_reached_after_all_is_not_counted_again_by_the_attempt_that_followed(stores: &Stores) {
    let id = begun(stores).await;
    let step = taken(id, 0, &[10], true);
    assert!(noted(stores, &step).await);
    let chunk = chunks(&step)[0];
    // Handed on, then made again before it was written down: everyone was reached.
    note(stores, chunk, 1, tally(3, 0, 0, 0)).await;
    note(stores, chunk, 0, tally(10, 0, 0, 0)).await;
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Done, [10, 10, 0, 0]));
}

async fn a_chunk_may_be_posted_before_its_step_is_known(stores: &Stores) {
    let id = begun(stores).await;
    let step = taken(id, 0, &[10], true);
    note(stores, chunks(&step)[0], 0, tally(10, 0, 0, 0)).await;
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Running, [0, 0, 0, 0]));
    assert!(noted(stores, &step).await);
    assert_eq!(counts(&standing(stores, id).await), (BroadcastState::Done, [10, 10, 0, 0]));
    let unknown = BroadcastChunk { broadcast: BroadcastId::fresh(), chunk: Uuid::now_v7() };
    note(stores, unknown, 0, tally(1, 0, 0, 0)).await;
    assert_eq!(stores.rows_in("broadcast_chunks").await, 1, "of a broadcast that is gone");
}

async fn without_news_a_broadcast_ends_after_ten_minutes(stores: &Stores) {
    let id = begun(stores).await;
    let at = async |ms| stores.broadcasts.broadcast(id, NOW.plus(ms)).await.unwrap().unwrap();
    assert_eq!(at(3_600_000).await.state, BroadcastState::Running, "its steps are still to come");
    assert!(noted(stores, &taken(id, 0, &[10], true)).await);
    assert_eq!(counts(&at(600_001).await), (BroadcastState::Running, [10, 0, 0, 10]));
    let ended = at(600_002).await;
    assert_eq!(
        (counts(&ended), ended.finished_at),
        ((BroadcastState::Done, [10, 0, 0, 10]), Some(NOW.plus(1)))
    );
}

async fn broadcasts_expire_with_their_chunks(stores: &Stores) {
    let old = begun(stores).await;
    assert!(noted(stores, &taken(old, 0, &[10], true)).await);
    let young = NewBroadcast { id: BroadcastId::fresh(), ..new_again(stores).await };
    stores.broadcasts.start_broadcast(&young, NOW.plus(1)).await.unwrap();
    assert_eq!(stores.broadcasts.expire_broadcasts(NOW.plus(1), 9).await.unwrap(), 1);
    assert_eq!((stores.rows_in("broadcasts").await, stores.rows_in("broadcast_chunks").await), (1, 0));
}

/// By somebody else.
async fn new_again(stores: &Stores) -> NewBroadcast {
    let created_by = stores.user("other").await;
    let (kind, target, data) = (BroadcastKind::System, BroadcastTarget::All, json!({}));
    let digest = NewBroadcast::digest_of(kind, target, &data);
    NewBroadcast { id: BroadcastId::fresh(), kind, target, data, created_by, digest }
}
