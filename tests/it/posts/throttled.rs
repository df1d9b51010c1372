//! Sockets that the gateway has enough of for a while.

use std::time::Duration;

use local::faults::{Fault, PostAnswer};
use local::gateway::sockets::PostError;
use shared::chat::send::BROADCAST_BUDGET;
use shared::ports::{Event, Left};
use tokio::time::Instant;

use super::{QUIET, aside, deliver, fail_posts, known, posts, refusing, say};
use crate::hark::{World, eventually, on_both};

/// 20, 40, 80 and 160 ms between the first five tries are over its budget: the fifth is `deliver`'s.
const MORE_THAN_THE_SENDER_TRIES: u32 = 5;
/// What a busy machine may add to the budget before the ack is out.
const SLACK: Duration = Duration::from_secs(1);

async fn a_throttled_post_is_tried_again_within_the_budget_and_leaves_the_queue_nothing(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    let throttled = Fault::of_posts(PostAnswer::Refused(PostError::Throttled));
    fail_posts(&hark, [Fault { count: Some(1), ..throttled }]);

    let (app, kept) = aside(&hark);
    let ack = say(&app, &ann, room, "hello").await;

    assert_eq!(bobs.next_of("message").await["seq"], ack.seq.0);
    let published = kept.take();
    let [(None, event @ Event::MessageStored(stored))] = &published[..] else { panic!("{published:?}") };
    assert_eq!((&stored.unposted.left, stored.unposted.gone.len()), (&Left::Nobody, 0));
    deliver(&app, event).await.unwrap();
    assert_eq!((posts(&hark), hark.standing(room).await.open), ((1, 1), 0));
    hark.stop().await;
}

async fn who_is_throttled_for_longer_gets_it_by_the_retry_queue_and_nobody_twice(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let ann = hark.user("ann").await;
    let others = hark.users("member", 5).await;
    let room = hark.group(&ann, &others.iter().collect::<Vec<_>>()).await;
    let mut anns = hark.connect(&ann).await;
    let mut sockets = Vec::new();
    for member in &others {
        sockets.push(hark.connect(member).await);
    }
    let (throttled, rest) = sockets.split_at_mut(2);
    let mut faults = Vec::new();
    for member in &others[..3] {
        faults.push(refusing(PostError::Throttled, &known(&hark, member).await[0]));
    }
    faults[2].count = Some(MORE_THAN_THE_SENDER_TRIES);
    fail_posts(&hark, faults);

    let began = Instant::now();
    let ack = anns.say(room, "hello").await;
    let took = began.elapsed();
    assert!(took < BROADCAST_BUDGET + SLACK, "the ack took {took:?}");
    for socket in &mut *rest {
        assert_eq!(socket.next_of("message").await["message_id"], ack["message_id"]);
    }
    // Settled once the retry queue has the rest: from here on nothing else knows of it.
    eventually(async || hark.standing(room).await.open == 0).await;
    assert_eq!(posts(&hark).0, 3);
    fail_posts(&hark, []);

    for socket in &mut *throttled {
        assert_eq!(socket.next_of("message").await["message_id"], ack["message_id"]);
    }
    for socket in &mut sockets {
        assert!(socket.heard("message").await.is_empty(), "once each");
    }
    assert_eq!(posts(&hark).0, 5);
    hark.stop().await;
}

/// A post that arrives but isn't answered in time is taken for one that didn't: at least once.
async fn who_is_answered_for_late_gets_it_again(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let late = Fault::of_posts(PostAnswer::Late(2 * BROADCAST_BUDGET));
    fail_posts(&hark, [Fault { count: Some(1), ..late }]);
    let ack = anns.say(room, "hello").await;
    for _ in 0..2 {
        assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);
    }
    eventually(async || hark.standing(room).await.open == 0).await;
    assert_eq!(posts(&hark), (2, 0));
    hark.stop().await;
}

on_both! {
    a_throttled_post_is_tried_again_within_the_budget_and_leaves_the_queue_nothing,
    who_is_throttled_for_longer_gets_it_by_the_retry_queue_and_nobody_twice,
    who_is_answered_for_late_gets_it_again,
}
