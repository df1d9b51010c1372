//! The event that Lambda makes of an Amazon MQ (RabbitMQ) batch.
//!
//! `aws_lambda_events` refuses `priority: null`, which AWS sends for a message without one; this type
//! takes whatever may be null or missing. Source: "Using Lambda with Amazon MQ", AWS Lambda Developer
//! Guide.

mod properties;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub use properties::{BasicProperties, HeaderValue, amqp_timestamp};

use crate::ports::Envelope;

/// The `eventSource` of these events.
pub const EVENT_SOURCE: &str = "aws:rmq";

/// One batch. An event source mapping reads one queue, so in practice there is one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RabbitMqEvent {
    #[serde(default)]
    pub event_source: Option<String>,
    #[serde(default)]
    pub event_source_arn: Option<String>,
    /// By `queue::vhost`, for example `chat.messages::/`, each in the queue's order.
    #[serde(default)]
    pub rmq_messages_by_queue: BTreeMap<String, Vec<RabbitMqMessage>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RabbitMqMessage {
    #[serde(default)]
    pub basic_properties: BasicProperties,
    /// True when an earlier delivery was not settled.
    #[serde(default)]
    pub redelivered: bool,
    /// The body in standard base64.
    #[serde(default)]
    pub data: Option<String>,
}

/// A message of the batch, as far as it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Without the virtual host.
    pub queue: String,
    pub redelivered: bool,
    /// The body as it was published; the bare `data` when that is not base64.
    pub body: Vec<u8>,
    /// Or a sentence that says why it doesn't read.
    pub envelope: Result<Envelope, String>,
}

impl RabbitMqEvent {
    /// A batch from one queue, as the event source sends it.
    #[must_use]
    pub fn of_queue(queue: &str, vhost: &str, arn: &str, messages: Vec<RabbitMqMessage>) -> Self {
        Self {
            event_source: Some(EVENT_SOURCE.to_owned()),
            event_source_arn: Some(arn.to_owned()),
            rmq_messages_by_queue: BTreeMap::from([(format!("{queue}::{vhost}"), messages)]),
        }
    }

    /// Every message, in the order of its queue.
    #[must_use]
    pub fn envelopes(&self) -> Vec<Incoming> {
        let of_queue = |(key, messages): (&String, &Vec<RabbitMqMessage>)| {
            let queue = key.rsplit_once("::").map_or(key.as_str(), |(queue, _vhost)| queue).to_owned();
            messages.iter().map(|message| message.read(&queue)).collect::<Vec<_>>()
        };
        self.rmq_messages_by_queue.iter().flat_map(of_queue).collect()
    }
}

impl RabbitMqMessage {
    #[must_use]
    pub fn new(properties: BasicProperties, redelivered: bool, body: &[u8]) -> Self {
        let basic_properties = BasicProperties { body_size: Some(body.len() as u64), ..properties };
        Self { basic_properties, redelivered, data: Some(STANDARD.encode(body)) }
    }

    fn read(&self, queue: &str) -> Incoming {
        let data = self.data.as_deref().unwrap_or_default();
        let (body, envelope) = match STANDARD.decode(data) {
            Ok(body) => {
                let envelope = Envelope::decode(&body);
                (body, envelope)
            }
            Err(error) => (data.as_bytes().to_vec(), Err(format!("the data is not base64: {error}"))),
        };
        Incoming { queue: queue.to_owned(), redelivered: self.redelivered, body, envelope }
    }
}

#[cfg(test)]
mod tests;
