//! What a row says of its posts that the broker never heard of.

use local::faults::Fault;
use local::gateway::sockets::PostError;
use shared::app::App;
use shared::clock::UnixMs;
use shared::ports::{Event, Unposted};

use super::{QUIET, aside, deliver, fail_posts, known, posts, refusing, say};
use crate::hark::{Client, Hark, Socket, World, on_both};

/// What the sweep of an outage publishes of the only row that is open.
async fn swept(app: &App) -> Event {
    let now = app.clock.now();
    let mut rows = app.outbox.claim_opened(UnixMs(0)..=now, now, 9).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0).event
}

/// A room of somebody who only sends and four who listen.
struct Crowd {
    ann: Client,
    others: Vec<Client>,
    room: i64,
    sockets: Vec<Socket>,
}

async fn crowd(hark: &Hark) -> Crowd {
    let ann = hark.user("ann").await;
    let others = hark.users("member", 4).await;
    let room = hark.group(&ann, &others.iter().collect::<Vec<_>>()).await;
    let mut sockets = Vec::new();
    for member in &others {
        sockets.push(hark.connect(member).await);
    }
    Crowd { ann, others, room, sockets }
}

async fn throttle(hark: &Hark, members: &[Client]) {
    let mut faults = Vec::<Fault>::new();
    for member in members {
        faults.push(refusing(PostError::Throttled, &known(hark, member).await[0]));
    }
    fail_posts(hark, faults);
}

async fn a_message_of_an_outage_that_everyone_has_is_posted_to_nobody_again(world: &World) {
    let hark = world.start_with(&[QUIET]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    let (app, kept) = aside(&hark);
    kept.refuse(true);

    let ack = say(&app, &ann, room, "hello").await;
    assert_eq!(bobs.next_of("message").await["seq"], ack.seq.0);
    kept.refuse(false);
    deliver(&app, &swept(&app).await).await.unwrap();
    assert_eq!((posts(&hark), hark.standing(room).await.open), ((1, 0), 0));
    hark.stop().await;
}

/// A large room too, to which the sender posts itself then.
async fn who_missed_a_message_of_an_outage_is_all_that_it_is_posted_to(world: &World) {
    let hark = world.start_with(&[QUIET, ("FANOUT_INLINE", "2")]).await;
    let Crowd { ann, others, room, mut sockets } = crowd(&hark).await;
    let (app, kept) = aside(&hark);
    kept.refuse(true);
    throttle(&hark, &others[..2]).await;

    let ack = say(&app, &ann, room, "hello").await;
    kept.refuse(false);
    fail_posts(&hark, []);
    assert_eq!(posts(&hark).0, 2);
    deliver(&app, &swept(&app).await).await.unwrap();
    assert_eq!((posts(&hark).0, hark.standing(room).await.open), (4, 0));
    for socket in &mut sockets {
        assert_eq!(socket.next_of("message").await["seq"], ack.seq.0);
        assert!(socket.heard("message").await.is_empty(), "once each");
    }
    hark.stop().await;
}

async fn more_than_the_sender_posts_to_are_no_matter_for_a_row(world: &World) {
    let hark = world.start_with(&[QUIET, ("FANOUT_INLINE", "2")]).await;
    let Crowd { ann, others, room, sockets: _sockets } = crowd(&hark).await;
    let (app, kept) = aside(&hark);
    kept.refuse(true);
    throttle(&hark, &others[..3]).await;
    say(&app, &ann, room, "hello").await;
    let Event::MessageStored(stored) = swept(&app).await else { panic!("a message") };
    assert_eq!(stored.unposted, Unposted::everyone());
    hark.stop().await;
}

on_both! {
    a_message_of_an_outage_that_everyone_has_is_posted_to_nobody_again,
    who_missed_a_message_of_an_outage_is_all_that_it_is_posted_to,
    more_than_the_sender_posts_to_are_no_matter_for_a_row,
}
