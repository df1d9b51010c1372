//! Collecting a batch from a queue.

use std::time::Duration;

use async_trait::async_trait;
use shared::mq_event::RabbitMqMessage;
use tokio::time::{Instant, timeout_at};

/// A batch is closed at this size in base64, so that its event stays under Lambda's payload limit of 6 MB.
const EVENT_DATA_MAX_BYTES: usize = 5 * 1024 * 1024;

/// The broker went away; what was received and not settled comes again.
#[derive(Debug, thiserror::Error)]
#[error("the queue can't be read: {0}")]
pub(super) struct SourceError(pub(super) String);

/// One consumer of one queue. It holds what it received until all of it is settled or given back.
#[async_trait]
pub(super) trait Consumer: Send {
    /// Waits for the next message. Dropping the future loses none.
    async fn receive(&mut self) -> Result<RabbitMqMessage, SourceError>;

    /// What it holds is done.
    async fn settle(&mut self) -> Result<(), SourceError>;

    /// What it holds goes back to the queue, to be delivered again.
    async fn give_back(&mut self) -> Result<(), SourceError>;

    /// Gives everything back and leaves.
    async fn close(self: Box<Self>);
}

/// Waits for a first message, then takes up to `size` until `window` has passed; with a window of 0, what
/// is there at once.
pub(super) async fn collect(
    consumer: &mut dyn Consumer,
    size: usize,
    window: Duration,
) -> Result<Vec<RabbitMqMessage>, SourceError> {
    let first = consumer.receive().await?;
    let mut bytes = data_bytes(&first);
    let mut batch = vec![first];
    let ends = Instant::now() + window;
    while batch.len() < size && bytes < EVENT_DATA_MAX_BYTES {
        // The message is asked for before the clock: at the end it takes what is there.
        let Ok(next) = timeout_at(ends, consumer.receive()).await else { break };
        let next = next?;
        bytes += data_bytes(&next);
        batch.push(next);
    }
    Ok(batch)
}

fn data_bytes(message: &RabbitMqMessage) -> usize {
    message.data.as_ref().map_or(0, String::len)
}
