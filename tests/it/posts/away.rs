//! A broker that is away when something is to be handed to its retry queues, and a Redis that was.

use std::time::Duration;

use local::gateway::sockets::PostError;
use shared::clock::UnixMs;
use shared::ports::{Event, MessageStored, OUTBOX_DUE_MS, Unposted};

use super::{QUIET, aside, deliver, fail_posts, known, posts, refusing, say};
use crate::broker::Proxy;
use crate::hark::{World, eventually, on_services};

async fn what_could_not_be_handed_on_stays_in_the_outbox_and_arrives_later(world: &World) {
    let broker = Proxy::before(&world.services().vhost.url).await;
    let hark = world.start_with(&[QUIET, ("RABBITMQ_URL", &broker.url)]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
    fail_posts(&hark, [refusing(PostError::Unavailable, &known(&hark, &bob).await[0])]);
    broker.go_away();

    let ack = anns.say(room, "hello").await;
    let app = hark.running.app();
    let now = app.clock.now();
    let row = app.outbox.claim_opened(UnixMs(0)..=now, now, 1).await.unwrap().remove(0);
    deliver(app, &row.event).await.expect_err("nobody takes what is left");
    assert_eq!((posts(&hark).1, hark.standing(room).await.open), (2, 1), "tried, and not settled");

    fail_posts(&hark, []);
    broker.come_back();
    world.clock.turn(Duration::from_millis(OUTBOX_DUE_MS.unsigned_abs()));
    hark.running.schedules().run("upkeep").await.unwrap();
    assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);
    eventually(async || hark.standing(room).await.open == 0).await;
    hark.stop().await;
}

/// Not only when calls are no longer skipped.
async fn what_waits_for_redis_is_delivered_as_soon_as_it_is_back(world: &World) {
    let redis = Proxy::before(&world.services().redis.url).await;
    let hark = world.start_with(&[QUIET, ("REDIS_URL", &redis.url)]).await;
    let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
    let room = hark.group(&ann, &[&bob]).await;
    let mut bobs = hark.connect(&bob).await;
    let (app, kept) = aside(&hark);
    let ack = say(&app, &ann, room, "hello").await;
    let (_, Event::MessageStored(sent)) = kept.take().remove(0) else { panic!("a message") };
    let unheard = Event::MessageStored(MessageStored { unposted: Unposted::everyone(), ..sent });

    redis.go_away();
    deliver(&app, &unheard).await.expect_err("nobody knows who listens");
    redis.come_back();
    deliver(&app, &unheard).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bobs.next_of("message").await["seq"], ack.seq.0);
    }
    hark.stop().await;
}

mod real {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_waits_for_redis_is_delivered_as_soon_as_it_is_back() {
        super::on_services(super::what_waits_for_redis_is_delivered_as_soon_as_it_is_back).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_could_not_be_handed_on_stays_in_the_outbox_and_arrives_later() {
        super::on_services(super::what_could_not_be_handed_on_stays_in_the_outbox_and_arrives_later).await;
    }
}
