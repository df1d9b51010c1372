//! The signal that ends the sources.

use std::future::Future;

use tokio::sync::watch;

/// Goes from "go on" to "stop" once.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(super) fn new(signal: &watch::Sender<bool>) -> Self {
        Self(signal.subscribe())
    }

    /// What `work` gives, or None when the signal comes first; `work` is then dropped.
    pub(super) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            // An error means that the sender is gone, which ends the sources too.
            _ = self.0.wait_for(|stop| *stop) => None,
            done = work => Some(done),
        }
    }
}
