//! The bus on RabbitMQ, with publisher confirms.

mod fault;
mod link;
mod publish;
mod slot;
pub mod topology;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use scopeguard::{ScopeGuard, guard};
use tokio::time::timeout;

use crate::breaker::Breaker;
use crate::clock::UnixMs;
use crate::parcel::Parcel;
use crate::ports::{Bus, BusError, Delay, Event, QueueDepth};
use crate::secrets::LoginUrl;
use fault::Fault;
use link::Link;
use slot::Slot;

/// What connecting may take, and then the second try on what replaced a stale connection, each, where a publish may take
/// less: connecting takes some 10 ms plain, and more over TLS on a small function.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// For the whole topology: a quorum queue takes some 20 ms to make, an existing one 1 ms.
const DECLARE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct RabbitConfig {
    /// `amqp://` or `amqps://user:password@host:port/vhost`; the vhost `/` is written `%2f`.
    pub url: LoginUrl,
    /// For publishing with all confirms; connecting may take a second in any case.
    pub deadline: Duration,
    /// How many `chat.fanout.N` run in parallel.
    pub fanout_queues: u32,
    /// What the exchange of events is called.
    pub exchange: String,
}

/// Publishes through one connection, which is opened at the first use and replaced when it broke: lapin
/// doesn't recover from a broker's restart by itself (amqp-rs/lapin #450).
pub struct RabbitBus {
    config: RabbitConfig,
    slot: Arc<Slot>,
    breaker: Breaker,
}

impl RabbitBus {
    /// No network here: the first publish connects, unless [`Bus::wake`] has begun to.
    #[must_use]
    pub fn new(config: RabbitConfig) -> Self {
        let slot = Slot::new(config.url.clone());
        Self { config, slot, breaker: Breaker::default() }
    }

    /// See [`topology::declare`].
    async fn declare_topology(&self) -> Result<(), Fault> {
        let link = self.slot.link(CONNECT_WITHIN).await?;
        let declaring = async {
            let channel = link.channel().await?;
            topology::declare(&channel, &self.config.exchange, self.config.fanout_queues).await?;
            link.put_back(channel);
            Ok(())
        };
        match timeout(DECLARE_WITHIN, declaring).await {
            Ok(declared) => declared.map_err(|e: lapin::Error| Fault::Failed(e.to_string())),
            Err(_) => Err(Fault::Failed("the topology was not declared in time".to_owned())),
        }
    }

    fn parcels(&self, events: &[Event], now: UnixMs) -> impl Iterator<Item = Parcel> {
        events.iter().map(move |event| Parcel::of_event(event, now, self.config.fanout_queues))
    }

    /// Sends the batch, with one more try for each of the two faults that have a remedy.
    async fn send(&self, mut batch: Vec<Parcel>) -> Result<(), BusError> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.breaker.is_open() {
            return Err(BusError::Unavailable("left alone for a second after a failure".to_owned()));
        }
        // Also when the caller gives up waiting, it has failed.
        let failed = guard(&self.breaker, Breaker::failed);
        self.send_with_remedies(&mut batch).await.map_err(unavailable)?;
        ScopeGuard::into_inner(failed).succeeded();
        Ok(())
    }

    async fn send_with_remedies(&self, batch: &mut Vec<Parcel>) -> Result<(), Fault> {
        let (mut rebuilt, mut declared) = (false, false);
        let mut within = self.config.deadline;
        loop {
            match self.attempt(batch, within).await {
                Err(Fault::Stale(reason)) if !rebuilt => {
                    tracing::debug!(reason, "the broker's connection is rebuilt");
                    rebuilt = true;
                    within = CONNECT_WITHIN;
                }
                Err(Fault::Unroutable(key)) if !declared => {
                    tracing::warn!(key, "a queue or exchange is missing: the topology is declared");
                    declared = true;
                    self.declare_topology().await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt(&self, batch: &mut Vec<Parcel>, within: Duration) -> Result<(), Fault> {
        let (link, reused) = self.link(within).await?;
        let sent = on_channel(&link, within, reused, async |channel| {
            publish::publish(channel, &self.config.exchange, batch, reused).await
        });
        self.forget_unless_fine(&link, sent.await)
    }

    /// The connection, and whether it was there before.
    async fn link(&self, within: Duration) -> Result<(Arc<Link>, bool), Fault> {
        if let Some(link) = self.slot.live() {
            return Ok((link, true));
        }
        Ok((self.slot.link(within.max(CONNECT_WITHIN)).await?, false))
    }

    fn forget_unless_fine(&self, link: &Arc<Link>, outcome: Result<(), Fault>) -> Result<(), Fault> {
        if let Err(fault) = &outcome
            && !fault.is_unroutable()
        {
            self.slot.forget(link);
        }
        outcome
    }

    /// One round trip to the broker.
    async fn ask(&self, within: Duration) -> Result<(), Fault> {
        let (link, reused) = self.link(within).await?;
        let answer = on_channel(&link, within, reused, async |channel| {
            // On a channel that has it already, this changes nothing and is answered.
            let asked = channel.confirm_select(ConfirmSelectOptions::default()).await;
            asked.map_err(|e| Fault::of(&e, reused))
        });
        self.forget_unless_fine(&link, answer.await)
    }
}

/// Does `work` on a channel for it alone, which is kept for the next only after a success.
async fn on_channel(
    link: &Link,
    within: Duration,
    reused: bool,
    work: impl AsyncFnOnce(&Channel) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let working = async {
        let channel = link.channel().await.map_err(|e| Fault::of(&e, reused))?;
        work(&channel).await?;
        link.put_back(channel);
        Ok(())
    };
    let silent = || format!("no answer within {} ms", within.as_millis());
    match timeout(within, working).await {
        Ok(outcome) => outcome,
        Err(_) if reused && link.may_be_stale() => Err(Fault::Stale(silent())),
        Err(_) => Err(Fault::Failed(silent())),
    }
}

fn unavailable(fault: Fault) -> BusError {
    BusError::Unavailable(fault.to_string())
}

#[async_trait]
impl Bus for RabbitBus {
    async fn publish(&self, events: &[Event], now: UnixMs) -> Result<(), BusError> {
        self.send(self.parcels(events, now).collect()).await
    }

    async fn publish_after(&self, events: &[Event], delay: Delay, now: UnixMs) -> Result<(), BusError> {
        self.send(self.parcels(events, now).map(|parcel| parcel.delayed(delay)).collect()).await
    }

    async fn dead_letter(&self, queue: &str, body: &[u8], reason: &str, now: UnixMs) -> Result<(), BusError> {
        self.send(vec![Parcel::dead(queue, body, reason, now)]).await
    }

    async fn declare(&self) -> Result<(), BusError> {
        self.declare_topology().await.map_err(unavailable)
    }

    fn wake(&self) {
        if !self.breaker.is_open() {
            self.slot.begin_to_open();
        }
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        let link = self.slot.link(CONNECT_WITHIN).await.map_err(unavailable)?;
        match timeout(DECLARE_WITHIN, topology::depths(&link, self.config.fanout_queues)).await {
            Ok(depths) => depths.map_err(|error| BusError::Unavailable(error.to_string())),
            Err(_) => Err(BusError::Unavailable("the queues were not counted in time".to_owned())),
        }
    }

    async fn ping(&self) -> Result<(), BusError> {
        let answer = match self.ask(self.config.deadline).await {
            Err(Fault::Stale(_)) => self.ask(CONNECT_WITHIN).await,
            answer => answer,
        };
        answer.map(|()| self.breaker.succeeded()).map_err(unavailable)
    }
}
