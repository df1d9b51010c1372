//! The embedded bus has a limit, and says when all is done.

use std::sync::Arc;
use std::time::Duration;

use local::embedded::bus::{InProcessBus, Queues};
use shared::ports::QUEUE_MESSAGES;

use super::function::{gated_recorder, recorder};
use super::world::{Kind, World};
use super::{NOW, stored};

fn world(queues: Queues) -> (World, Arc<Queues>) {
    let queues = Arc::new(queues);
    let bus = Arc::new(InProcessBus::new(queues.clone(), 1));
    (World { bus, kind: Kind::InProcess(queues.clone()) }, queues)
}

#[tokio::test]
async fn full_queues_refuse_until_something_is_settled() {
    let (world, queues) = world(Queues::with_capacity(4 * 1024));
    let mut taken = 0;
    while world.bus.publish(&[stored(1)], NOW).await.is_ok() {
        taken += 1;
    }
    assert!((2..8).contains(&taken), "{taken}");
    let (function, _recorded) = recorder(0);
    let sources = world.feed(QUEUE_MESSAGES, 10, Duration::ZERO, &function);
    queues.settled().await;
    world.bus.publish(&[stored(1)], NOW).await.expect("there is room again");
    sources.stop().await;
}

#[tokio::test]
async fn a_message_is_open_until_its_batch_has_succeeded() {
    let (world, queues) = world(Queues::default());
    world.bus.publish(&[stored(1)], NOW).await.expect("there is room");
    let (function, mut recorded, gate) = gated_recorder();
    let sources = world.feed(QUEUE_MESSAGES, 1, Duration::ZERO, &function);
    recorded.next().await;
    assert_eq!(queues.open(), 1);
    gate.notify_one();
    queues.settled().await;
    assert_eq!(queues.open(), 0);
    sources.stop().await;
}
