//! The suite that both buses pass, each with the event source that reads it.

mod delay;
mod full;
mod function;
mod priorities;
mod publish;
mod recovery;
mod source;
mod world;

use shared::clock::UnixMs;
use shared::ids::{MessageId, OutboxId, RoomId, Seq, UserId};
use shared::model::{Entry, Message};
use shared::ports::{Event, FanoutChunk, MessageStored, Unposted};

use world::World;

const NOW: UnixMs = UnixMs(1_767_272_405_678);
const FANOUT_QUEUES: u32 = 2;

/// Makes two tests of each case: in process and on RabbitMQ.
macro_rules! on_both {
    ($($case:ident)*) => {
        mod in_process {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::World::in_process()).await;
            })*
        }
        mod rabbitmq {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::World::rabbitmq().await).await;
            })*
        }
    };
}
use on_both;

fn stored(seq: i64) -> Event {
    Event::MessageStored(MessageStored {
        outbox: OutboxId(seq),
        entry: Entry::Message(Message {
            message_id: MessageId::fresh(),
            room_id: RoomId(1),
            seq: Seq(seq),
            sender_id: UserId(1),
            sender_name: "Ann".to_owned(),
            kind: "text".to_owned(),
            content: "grüß dich".to_owned(),
            reply_to: None,
            metadata: Some(serde_json::json!({ "nested": { "n": 1 } })),
            timestamp: NOW,
            edited_at: None,
            recalled: false,
        }),
        unposted: Unposted::everyone(),
    })
}

fn chunk(lane: u32) -> Event {
    let room = Some(RoomId(1));
    Event::FanoutChunk(FanoutChunk { lane, room, frame: "{}".to_owned(), ..Default::default() })
}
