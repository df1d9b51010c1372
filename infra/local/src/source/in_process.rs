//! A consumer of an in-process queue.

use std::mem::take;
use std::sync::Arc;

use async_trait::async_trait;
use shared::mq_event::{BasicProperties, HeaderValue, RabbitMqMessage, amqp_timestamp};
use shared::parcel::{APP_ID, Parcel};
use tokio::sync::Notify;

use super::batch::{Consumer, SourceError};
use crate::embedded::bus::{Queued, Queues};

pub(super) struct InProcessConsumer {
    queues: Arc<Queues>,
    queue: String,
    arrivals: Arc<Notify>,
    held: Vec<Queued>,
}

impl InProcessConsumer {
    pub(super) fn new(queues: Arc<Queues>, queue: &str) -> Self {
        let arrivals = queues.arrivals(queue);
        Self { queues, queue: queue.to_owned(), arrivals, held: Vec::new() }
    }
}

#[async_trait]
impl Consumer for InProcessConsumer {
    async fn receive(&mut self) -> Result<RabbitMqMessage, SourceError> {
        loop {
            if let Some(queued) = self.queues.take(&self.queue) {
                let message = message(&queued);
                self.held.push(queued);
                return Ok(message);
            }
            self.arrivals.notified().await;
        }
    }

    async fn settle(&mut self) -> Result<(), SourceError> {
        self.queues.settle(&take(&mut self.held));
        Ok(())
    }

    async fn give_back(&mut self) -> Result<(), SourceError> {
        self.queues.give_back(&self.queue, take(&mut self.held));
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

impl Drop for InProcessConsumer {
    /// As a broker does when a consumer's connection ends.
    fn drop(&mut self) {
        self.queues.give_back(&self.queue, take(&mut self.held));
    }
}

fn message(queued: &Queued) -> RabbitMqMessage {
    RabbitMqMessage::new(properties(&queued.parcel), queued.redelivered, &queued.parcel.body)
}

/// The properties that RabbitMQ would give back for this message.
fn properties(parcel: &Parcel) -> BasicProperties {
    let text = |value: &String| HeaderValue::Text { bytes: value.clone().into_bytes() };
    let headers = parcel.headers.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    BasicProperties {
        content_type: Some(parcel.content_type.to_owned()),
        headers: Some(headers),
        delivery_mode: Some(2),
        priority: Some(parcel.priority),
        message_id: Some(parcel.id.to_string()),
        timestamp: amqp_timestamp(u64::try_from(parcel.at.seconds()).unwrap_or_default()),
        r#type: Some(parcel.tag.to_owned()),
        app_id: Some(APP_ID.to_owned()),
        ..BasicProperties::default()
    }
}
