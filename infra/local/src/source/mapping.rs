//! One event source mapping: a queue, its function, and the loop between them.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use bytes::Bytes;
use shared::mq_event::{RabbitMqEvent, RabbitMqMessage};
use tokio_util::sync::CancellationToken;

use super::Broker;
use super::batch::{Consumer, SourceError, collect};
use super::in_process::InProcessConsumer;
use super::rabbitmq::RabbitConsumer;
use crate::invoke::{FunctionError, Invoker};
use crate::template::QueueSource;

/// The broker as events name it; nothing reads it.
const BROKER_ARN: &str = "arn:aws:mq:us-east-1:000000000000:broker:hark-local:b-local";

const RETRY_FIRST: Duration = Duration::from_millis(100);
/// Short, since a service that is back is not to be waited for: what failed is delivered within a second.
const RETRY_LONGEST: Duration = Duration::from_millis(300);

pub(super) struct Mapping {
    source: QueueSource,
    broker: Broker,
    invoker: Arc<dyn Invoker>,
}

impl Mapping {
    pub(super) fn new(source: QueueSource, broker: Broker, invoker: Arc<dyn Invoker>) -> Self {
        Self { source, broker, invoker }
    }

    /// Consumes until it is `stopping`; a connection that can't be had or breaks is tried again.
    pub(super) async fn run(self, stopping: CancellationToken) {
        let mut pauses = pauses();
        while let Some(opened) = stopping.run_until_cancelled(self.open()).await {
            let lost = match opened {
                Ok((mut consumer, vhost)) => {
                    pauses = self::pauses();
                    match self.consume(consumer.as_mut(), &vhost, &stopping).await {
                        Ok(()) => return consumer.close().await,
                        Err(lost) => lost,
                    }
                }
                Err(unreachable) => unreachable,
            };
            tracing::warn!(queue = self.source.queue, error = %lost, "the event source connects again");
            stopping.run_until_cancelled(pause(&mut pauses)).await;
        }
    }

    async fn open(&self) -> Result<(Box<dyn Consumer>, String), SourceError> {
        let queue = &self.source.queue;
        match &self.broker {
            Broker::InProcess(queues) => {
                Ok((Box::new(InProcessConsumer::new(queues.clone(), queue)), "/".to_owned()))
            }
            Broker::RabbitMq(url) => {
                let consumer = RabbitConsumer::open(url, queue, self.source.batch_size).await?;
                let vhost = consumer.vhost();
                Ok((Box::new(consumer), vhost))
            }
        }
    }

    /// Ends with `Ok` when stopping. A batch in hand is finished first.
    async fn consume(
        &self,
        consumer: &mut dyn Consumer,
        vhost: &str,
        stopping: &CancellationToken,
    ) -> Result<(), SourceError> {
        let mut pauses = pauses();
        let QueueSource { batch_size, window, .. } = self.source;
        while let Some(batch) = stopping.run_until_cancelled(collect(consumer, batch_size, window)).await {
            match self.invoke(batch?, vhost).await {
                Ok(_) => {
                    consumer.settle().await?;
                    pauses = self::pauses();
                }
                Err(error) => {
                    self.report(&error);
                    // There is no partial answer for Amazon MQ: all of it comes again.
                    consumer.give_back().await?;
                    stopping.run_until_cancelled(pause(&mut pauses)).await;
                }
            }
        }
        consumer.give_back().await
    }

    async fn invoke(&self, batch: Vec<RabbitMqMessage>, vhost: &str) -> Result<Bytes, FunctionError> {
        let event = RabbitMqEvent::of_queue(&self.source.queue, vhost, BROKER_ARN, batch);
        let event = serde_json::to_vec(&event).expect("the event has only string keys, so it serialises");
        self.invoker.invoke(&self.source.function, event.into(), self.source.timeout).await
    }

    fn report(&self, error: &FunctionError) {
        let QueueSource { queue, function, .. } = &self.source;
        tracing::warn!(queue, function, %error, "the batch failed and comes again");
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LONGEST)
        .without_max_times()
        .with_jitter()
        .build()
}

async fn pause(pauses: &mut ExponentialBackoff) {
    tokio::time::sleep(pauses.next().unwrap_or(RETRY_LONGEST)).await;
}
