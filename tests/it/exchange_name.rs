//! The exchange is called what `MESSAGE_QUEUE_EXCHANGE` says, by whoever declares it, publishes to it, or waits for it.

use std::time::Duration;

use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;
use local::faults::{Fault, PostAnswer};
use local::gateway::sockets::PostError;
use shared::rabbitmq::topology::EXCHANGE;

use crate::hark::{World, eventually, on_services};

const NAME: &str = "team:events_1";
/// Everything goes by the fan-out queues.
const SETTINGS: [(&str, &str); 3] =
    [("MESSAGE_QUEUE_EXCHANGE", NAME), ("FANOUT_INLINE", "0"), ("PUSH_ROOM_MAX", "0")];

pub async fn exists(world: &World, exchange: &str) -> bool {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let channel = world.services().vhost.channel().await;
    channel
        .exchange_declare(exchange.into(), ExchangeKind::Topic, passive, FieldTable::default())
        .await
        .is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_by_an_exchange_of_another_name_at_once_and_after_waiting() {
    on_services(async |world: &World| {
        let hark = world.start_with(&SETTINGS).await;
        let (ann, bob) = (hark.user("ann").await, hark.user("bob").await);
        let room = hark.group(&ann, &[&bob]).await;
        let (mut anns, mut bobs) = (hark.connect(&ann).await, hark.connect(&bob).await);
        let ack = anns.say(room, "hello").await;
        assert_eq!(bobs.next_of("message").await["message_id"], ack["message_id"]);

        let away = Fault::of_posts(PostAnswer::Refused(PostError::Unavailable));
        hark.running.sockets().faults().set([away]);
        anns.say(room, "wait for it").await;
        eventually(async || hark.running.sockets().counters().posts_refused > 0).await;
        hark.running.sockets().faults().set([]);
        world.clock.turn(Duration::from_secs(6));
        assert_eq!(bobs.next_of("message").await["content"], "wait for it");
        assert_eq!((exists(world, NAME).await, exists(world, EXCHANGE).await), (true, false));
        hark.stop().await;
    })
    .await;
}
