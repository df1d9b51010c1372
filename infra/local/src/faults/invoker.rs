//! Invocations that go wrong.

use super::{Faults, InvocationMet};
use crate::{
    gateway::sockets::Sockets,
    invoke::{FunctionError, Invoker, Trace},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::sleep;
use uuid::Uuid;

type Answer = Result<Bytes, FunctionError>;

/// Runs functions as the invoker inside does, but for what the faults have them meet.
pub struct FaultyInvoker {
    inner: Arc<dyn Invoker>,
    /// They hold the switches.
    sockets: Sockets,
    http: BTreeSet<String>,
}

impl FaultyInvoker {
    /// Around `inner`, by the faults of `sockets`; `http` are the functions of the HTTP API.
    pub fn new(inner: Arc<dyn Invoker>, sockets: Sockets, http: BTreeSet<String>) -> Self {
        Self { inner, sockets, http }
    }

    fn faults(&self) -> &Faults {
        self.sockets.faults()
    }
}

#[async_trait]
impl Invoker for FaultyInvoker {
    async fn invoke_traced(&self, function: &str, event: Bytes, limit: Duration, trace: &Trace) -> Answer {
        let met = self.faults().invocation(function, self.http.contains(function));
        if met == InvocationMet::default() {
            return self.inner.invoke_traced(function, event, limit, trace).await;
        }
        tracing::warn!(function, ?met, "an invocation meets a fault");
        let Some(left) = limit.checked_sub(met.slow).filter(|left| !left.is_zero()) else {
            sleep(limit).await;
            return Err(FunctionError::timed_out(&request_id(), limit));
        };
        sleep(met.slow).await;
        if met.fails {
            return Err(exited());
        }
        let answer = self.inner.invoke_traced(function, event.clone(), left, trace).await;
        if met.comes_twice {
            // Nobody waits for what it answers the second time.
            drop(self.inner.invoke_traced(function, event, limit, trace).await);
        }
        if met.crashes { Err(exited()) } else { answer }
    }
}

fn exited() -> FunctionError {
    FunctionError::exited(&request_id(), None)
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}
