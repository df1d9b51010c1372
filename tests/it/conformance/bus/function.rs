//! A function that records its events and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use local::invoke::{FunctionError, Invoker, Trace};
use shared::mq_event::RabbitMqEvent;
use shared::ports::{Envelope, Event};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// Longer than anything here takes, so that a broken case ends.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Recorder {
    events: mpsc::UnboundedSender<RabbitMqEvent>,
    failures: Mutex<VecDeque<FunctionError>>,
    /// When set, an invocation returns only after a signal.
    gate: Option<Arc<Notify>>,
}

/// The events that a [`Recorder`] got, in order.
pub struct Recorded(mpsc::UnboundedReceiver<RabbitMqEvent>);

/// A function that succeeds, but for its first `failures` invocations.
pub fn recorder(failures: usize) -> (Arc<dyn Invoker>, Recorded) {
    build(failures, None)
}

/// A function whose every invocation waits for a signal.
pub fn gated_recorder() -> (Arc<dyn Invoker>, Recorded, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let (function, recorded) = build(0, Some(gate.clone()));
    (function, recorded, gate)
}

fn build(failures: usize, gate: Option<Arc<Notify>>) -> (Arc<dyn Invoker>, Recorded) {
    let (events, recorded) = mpsc::unbounded_channel();
    let failure = FunctionError::unhandled("unavailable", "the database is away");
    let failures = Mutex::new(vec![failure; failures].into());
    (Arc::new(Recorder { events, failures, gate }), Recorded(recorded))
}

#[async_trait]
impl Invoker for Recorder {
    async fn invoke_traced(
        &self,
        _: &str,
        event: Bytes,
        _: Duration,
        _: &Trace,
    ) -> Result<Bytes, FunctionError> {
        let event = serde_json::from_slice(&event).expect("it is the event of a queue");
        // A test that has what it wants no longer listens.
        let _ = self.events.send(event);
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let failure = self.failures.lock().expect("no test panicked in here").pop_front();
        failure.map_or(Ok(Bytes::from_static(b"null")), Err)
    }
}

impl Recorded {
    pub async fn next(&mut self) -> RabbitMqEvent {
        timeout(PATIENCE, self.0.recv()).await.expect("an event comes").expect("the function lives")
    }

    /// The events of the next `count` messages, however they are batched.
    pub async fn messages(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.extend(readable(&self.next().await));
        }
        events
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub fn readable(event: &RabbitMqEvent) -> Vec<Event> {
    envelopes(event).into_iter().map(|envelope| envelope.event).collect()
}

pub fn envelopes(event: &RabbitMqEvent) -> Vec<Envelope> {
    event.envelopes().into_iter().map(|incoming| incoming.envelope.expect("it reads")).collect()
}
