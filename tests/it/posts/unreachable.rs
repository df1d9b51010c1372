//! Sockets that stay out of reach.

use local::gateway::sockets::PostError;
use serde_json::json;
use shared::model::Listener;
use shared::ports::{Delay, Event, FanoutChunk};

use super::{FRAME, QUIET, aside, deliver, fail_posts, known, posts, refusing};
use crate::hark::{World, on_both};

/// A frame for one connection, on the way for as many times.
pub fn chunk(room: i64, to: &Listener, attempt: u8) -> Event {
    let listeners = vec![to.clone()];
    let room = Some(room.into());
    Event::FanoutChunk(FanoutChunk {
        room,
        frame: FRAME.to_owned(),
        listeners,
        attempt,
        ..Default::default()
    })
}

async fn who_stays_out_of_reach_is_given_up_after_the_last_step_and_comes_back_with_a_frame(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    let lost = known(&hark, &bob).await.remove(0);
    fail_posts(&hark, [refusing(PostError::Unavailable, &lost)]);
    let (app, kept) = aside(&hark);

    let mut event = chunk(room, &lost, 0);
    for (delay, attempt) in Delay::SHORT.into_iter().zip(1..) {
        deliver(&app, &event).await.unwrap();
        let mut handed_on = kept.take();
        assert_eq!(handed_on.len(), 1, "{handed_on:?}");
        let (after, next) = handed_on.remove(0);
        let Event::FanoutChunk(FanoutChunk { frame, listeners, attempt: nth, .. }) = &next else {
            panic!("{next:?}")
        };
        assert_eq!((after, *nth, frame.as_str()), (Some(delay), attempt, FRAME));
        assert_eq!((listeners, known(&hark, &bob).await), (&vec![lost.clone()], vec![lost.clone()]));
        world.clock.turn(delay.duration());
        event = next;
    }
    deliver(&app, &event).await.unwrap();
    assert_eq!((kept.take(), known(&hark, &bob).await), (vec![], vec![]), "given up and forgotten");
    assert_eq!(posts(&hark), (0, 5), "one post a step");
    assert_eq!(known(&hark, &ann).await.len(), 1);

    fail_posts(&hark, []);
    bobs.ask(&json!({"type": "heartbeat"})).await;
    assert_eq!(known(&hark, &bob).await, [lost], "its frame registered it");
    let ack = anns.say(room, "back?").await;
    assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);
    hark.stop().await;
}

on_both! {
    who_stays_out_of_reach_is_given_up_after_the_last_step_and_comes_back_with_a_frame,
}
