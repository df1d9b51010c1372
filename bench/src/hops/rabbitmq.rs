//! One persistent message to RabbitMQ and its confirm, on a quorum queue of its own.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use uuid::Uuid;

use super::{PAYLOAD, time};
use crate::measure::Latency;

/// Times publishing until the broker has confirmed, and deletes the queue.
///
/// # Errors
/// When the broker can't be reached or refuses the queue.
pub(super) async fn confirm(url: &str) -> anyhow::Result<Latency> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let queue = format!("bench.hop.{}", Uuid::new_v4());
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), quorum).await?;
    let latency = publishes(&channel, &queue).await;
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    connection.close(200, "done".into()).await?;
    latency
}

async fn publishes(channel: &Channel, queue: &str) -> anyhow::Result<Latency> {
    // 2: persistent.
    let properties = BasicProperties::default().with_delivery_mode(2);
    time(async || {
        let options = BasicPublishOptions::default();
        let published =
            channel.basic_publish("".into(), queue.into(), options, &PAYLOAD, properties.clone()).await?;
        anyhow::ensure!(published.await?.is_ack(), "the broker did not confirm");
        Ok(())
    })
    .await
}
