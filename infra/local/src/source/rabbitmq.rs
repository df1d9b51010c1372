//! A consumer of a RabbitMQ queue, on a connection of its own.

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties};
use shared::mq_event::{BasicProperties, HeaderValue, RabbitMqMessage, amqp_timestamp};
use std::collections::BTreeMap;

use super::batch::{Consumer, SourceError};

pub(super) struct RabbitConsumer {
    connection: Connection,
    channel: Channel,
    deliveries: lapin::Consumer,
    /// The newest delivery that is held: tags grow, so it stands for all of them.
    held: Option<u64>,
}

impl RabbitConsumer {
    /// Connects and consumes `queue`; at most `prefetch` messages are on their way or held at once.
    pub(super) async fn open(url: &str, queue: &str, prefetch: usize) -> Result<Self, SourceError> {
        let name = format!("hark event source {queue}");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connect(url, properties).await?;
        let channel = connection.create_channel().await?;
        let prefetch = u16::try_from(prefetch).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let deliveries = channel.basic_consume(queue.into(), "".into(), options, arguments).await?;
        Ok(Self { connection, channel, deliveries, held: None })
    }

    /// The virtual host that the connection is in.
    pub(super) fn vhost(&self) -> String {
        self.connection.status().vhost().to_string()
    }
}

impl From<lapin::Error> for SourceError {
    fn from(error: lapin::Error) -> Self {
        Self(error.to_string())
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn receive(&mut self) -> Result<RabbitMqMessage, SourceError> {
        match self.deliveries.next().await {
            Some(delivery) => {
                let delivery = delivery?;
                self.held = Some(delivery.delivery_tag);
                Ok(message(&delivery))
            }
            None => Err(SourceError("the broker ended the consumer".to_owned())),
        }
    }

    async fn settle(&mut self) -> Result<(), SourceError> {
        let Some(newest) = self.held.take() else { return Ok(()) };
        Ok(self.channel.basic_ack(newest, BasicAckOptions { multiple: true }).await?)
    }

    async fn give_back(&mut self) -> Result<(), SourceError> {
        let Some(newest) = self.held.take() else { return Ok(()) };
        Ok(self.channel.basic_nack(newest, BasicNackOptions { multiple: true, requeue: true }).await?)
    }

    async fn close(self: Box<Self>) {
        // The broker requeues what is held. When the connection is gone already, it has.
        let _ = self.connection.close(200, "stopped".into()).await;
    }
}

fn message(delivery: &Delivery) -> RabbitMqMessage {
    RabbitMqMessage::new(properties(&delivery.properties), delivery.redelivered, &delivery.data)
}

fn properties(amqp: &lapin::BasicProperties) -> BasicProperties {
    let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
    BasicProperties {
        content_type: text(amqp.content_type()),
        content_encoding: text(amqp.content_encoding()),
        headers: amqp.headers().as_ref().map(headers),
        delivery_mode: *amqp.delivery_mode(),
        priority: *amqp.priority(),
        correlation_id: text(amqp.correlation_id()),
        reply_to: text(amqp.reply_to()),
        expiration: text(amqp.expiration()),
        message_id: text(amqp.message_id()),
        timestamp: amqp.timestamp().and_then(amqp_timestamp),
        r#type: text(amqp.kind()),
        user_id: text(amqp.user_id()),
        app_id: text(amqp.app_id()),
        cluster_id: text(amqp.cluster_id()),
        body_size: None,
    }
}

fn headers(table: &FieldTable) -> BTreeMap<String, HeaderValue> {
    table.inner().iter().map(|(name, value)| (name.to_string(), header(value))).collect()
}

/// Tables, arrays and the like, which Hark never sends, are left out as null.
fn header(value: &AMQPValue) -> HeaderValue {
    HeaderValue::Other(match value {
        AMQPValue::LongString(text) => return HeaderValue::Text { bytes: text.as_bytes().to_vec() },
        AMQPValue::ShortString(text) => return HeaderValue::Text { bytes: text.to_string().into_bytes() },
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(value) => (*value).into(),
        AMQPValue::ShortInt(value) => (*value).into(),
        AMQPValue::LongInt(value) => (*value).into(),
        AMQPValue::LongLongInt(value) => (*value).into(),
        AMQPValue::LongUInt(value) => (*value).into(),
        AMQPValue::Double(value) => (*value).into(),
        AMQPValue::Timestamp(value) => (*value).into(),
        _ => serde_json::Value::Null,
    })
}
