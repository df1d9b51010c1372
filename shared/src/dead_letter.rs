//! What a queue function does with messages that fail by themselves, so that the rest of the batch is
//! done: Lambda would retry the whole batch for ever.

use futures::future::try_join_all;

use crate::clock::UnixMs;
use crate::mq_event::{Incoming, RabbitMqEvent};
use crate::ports::{Bus, BusError, Envelope};

/// Sends every message that doesn't read to the dead letter, and gives the others with the queue each
/// came from, in order.
///
/// # Errors
/// When a dead letter can't be published: the batch has to come again, or the message would be lost.
pub async fn readable(
    bus: &dyn Bus,
    event: &RabbitMqEvent,
    now: UnixMs,
) -> Result<Vec<(String, Envelope)>, BusError> {
    let mut readable = Vec::new();
    let mut unreadable = Vec::new();
    for Incoming { queue, body, envelope, .. } in event.envelopes() {
        match envelope {
            Ok(envelope) => readable.push((queue, envelope)),
            Err(reason) => unreadable.push((queue, body, reason)),
        }
    }
    try_join_all(unreadable.iter().map(|(queue, body, reason)| {
        tracing::warn!(queue, reason, "a message goes to the dead letter");
        bus.dead_letter(queue, body, reason, now)
    }))
    .await?;
    Ok(readable)
}

/// Sends a message to the dead letter that its queue's function has nothing to do with.
///
/// # Errors
/// As [`readable`].
pub async fn misplaced(bus: &dyn Bus, queue: &str, envelope: &Envelope, now: UnixMs) -> Result<(), BusError> {
    let reason = format!("{} doesn't belong here", envelope.event.tag());
    let body = serde_json::to_vec(envelope).map_err(|error| BusError::Unavailable(error.to_string()))?;
    tracing::warn!(queue, reason, "a message goes to the dead letter");
    bus.dead_letter(queue, &body, &reason, now).await
}
