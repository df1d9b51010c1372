//! Sockets that answer 410.

use std::time::Duration;

use local::faults::Fault;
use local::gateway::sockets::PostError;
use shared::ports::Delay;

use super::unreachable::chunk;
use super::{QUIET, aside, deliver, fail_posts, known, posts, refusing};
use crate::hark::{World, eventually, on_both};

/// From here on a socket is no longer young.
const OLD: Duration = Duration::from_secs(10);

async fn an_old_socket_that_is_gone_is_forgotten_at_its_first_post_and_no_other(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, _phone) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let gone = known(&hark, &bob).await.remove(0);
    let mut laptop = hark.connect(&bob).await;
    let mut kept = known(&hark, &bob).await;
    kept.retain(|listener| *listener != gone);
    let sender = known(&hark, &ann).await;
    world.clock.turn(OLD);
    fail_posts(&hark, [refusing(PostError::Gone, &gone)]);

    for text in ["first", "second"] {
        anns.say(room, text).await;
        assert_eq!(laptop.next_of("message").await["content"], text);
        eventually(async || hark.standing(room).await.open == 0).await;
        assert_eq!(known(&hark, &bob).await, kept);
        assert_eq!(posts(&hark).1, 1, "tried once");
    }
    assert_eq!(known(&hark, &ann).await, sender);
    hark.stop().await;
}

async fn a_young_socket_that_seems_gone_is_tried_again_by_the_queue_and_not_forgotten(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let young = known(&hark, &bob).await;
    // One post of the sender's, and every round of `deliver`: only the retry queue is left.
    fail_posts(&hark, [Fault { count: Some(5), ..refusing(PostError::Gone, &young[0]) }]);
    let ack = anns.say(room, "hello").await;
    assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);
    assert!(bobs.heard("message").await.is_empty(), "once");
    assert_eq!((posts(&hark), known(&hark, &bob).await), ((1, 5), young));
    hark.stop().await;
}

async fn a_young_socket_is_not_forgotten_after_the_last_step_either(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let _bobs = hark.connect(&bob).await;
    let young = known(&hark, &bob).await;
    fail_posts(&hark, [refusing(PostError::Gone, &young[0])]);
    let (app, kept) = aside(&hark);
    let steps = u8::try_from(Delay::SHORT.len()).unwrap();
    deliver(&app, &chunk(room, &young[0], steps)).await.unwrap();
    assert_eq!((kept.take(), known(&hark, &bob).await), (vec![], young), "it catches up by `resume`");
    hark.stop().await;
}

on_both! {
    an_old_socket_that_is_gone_is_forgotten_at_its_first_post_and_no_other,
    a_young_socket_that_seems_gone_is_tried_again_by_the_queue_and_not_forgotten,
    a_young_socket_is_not_forgotten_after_the_last_step_either,
}
