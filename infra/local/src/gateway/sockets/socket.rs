//! One open socket as everyone but its own task sees it.

use super::outbox::{Batch, Close, Outbox};
use crate::faults::VirtualClock;
use serde_json::value::RawValue;
use shared::clock::Clock;
use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Why a frame cannot be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The connection is closed or was never open.
    #[error("the connection is gone")]
    Gone,
    /// There are too many; only on demand, since the runner has no limit of its own.
    #[error("too many posts")]
    Throttled,
    /// The caller may not post here; only on demand, since a signature is checked before.
    #[error("forbidden")]
    Forbidden,
    /// The gateway can't; only on demand.
    #[error("the gateway is unavailable")]
    Unavailable,
    /// The frame is over the limit.
    #[error("the frame is too large")]
    TooLarge,
    /// The frame is not UTF-8.
    #[error("the frame is not text")]
    NotText,
}

/// What `GET @connections/{id}` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// When the handshake began, in Unix milliseconds.
    pub connected_at: i64,
    /// When a message last went either way, in Unix milliseconds.
    pub last_active_at: i64,
    /// The client's address.
    pub source_ip: IpAddr,
    /// The client's `User-Agent`, or an empty string.
    pub user_agent: Box<str>,
}

/// One open socket.
pub struct Socket {
    /// The connection id; ends in `=`, as API Gateway's do.
    pub(in crate::gateway) id: Arc<str>,
    pub(in crate::gateway) connected_at: i64,
    pub(in crate::gateway) source_ip: IpAddr,
    pub(in crate::gateway) user_agent: Box<str>,
    /// The `Host` that the client named.
    pub(in crate::gateway) domain: Box<str>,
    /// `requestContext.authorizer` of every event, kept as the JSON it is sent as.
    pub(in crate::gateway) authorizer: Option<Box<RawValue>>,
    clock: Arc<VirtualClock>,
    /// How far the clock had been moved when it began.
    pub(in crate::gateway) ahead_ms: i64,
    last_active_at: AtomicI64,
    running: AtomicUsize,
    outbox: Mutex<Outbox>,
    wake: Notify,
}

impl Socket {
    pub(in crate::gateway) fn new(
        id: Arc<str>,
        source_ip: IpAddr,
        domain: &str,
        user_agent: &str,
        clock: &Arc<VirtualClock>,
    ) -> Self {
        let now = clock.now().0;
        Self {
            id,
            connected_at: now,
            source_ip,
            user_agent: user_agent.into(),
            domain: domain.into(),
            authorizer: None,
            clock: clock.clone(),
            ahead_ms: clock.ahead_ms(),
            last_active_at: AtomicI64::new(now),
            running: AtomicUsize::new(0),
            outbox: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Queues a frame for the socket's task.
    pub(in crate::gateway) fn push(&self, frame: Utf8Bytes) -> Result<(), PostError> {
        let queued = self.outbox().push(frame);
        self.wake.notify_one();
        if !queued {
            return Err(PostError::Gone);
        }
        self.touch();
        Ok(())
    }

    /// Closes after what is queued; false when the socket is closing already.
    pub(in crate::gateway) fn close(&self, close: Close) -> bool {
        let closing = self.outbox().close(close);
        self.wake.notify_one();
        closing
    }

    /// Waits until there may be something to take.
    pub(in crate::gateway) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Lets the socket's task look into its queue again.
    pub(in crate::gateway) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(in crate::gateway) fn take(&self) -> Batch {
        self.outbox().take()
    }

    /// Waits until the reader has fallen too far behind. Swallows wake-ups: look into the queue again
    /// afterwards.
    pub(in crate::gateway) async fn overflowed(&self) {
        while !self.outbox().overflowed() {
            self.wake.notified().await;
        }
    }

    /// A message went either way.
    pub(in crate::gateway) fn touch(&self) {
        self.last_active_at.store(self.now(), Relaxed);
    }

    /// Now, by the gateway's clock, in Unix milliseconds.
    pub(in crate::gateway) fn now(&self) -> i64 {
        self.clock.now().0
    }

    pub(in crate::gateway) fn last_active_at(&self) -> i64 {
        self.last_active_at.load(Relaxed)
    }

    /// How many of its messages are being handled.
    pub(in crate::gateway) fn running(&self) -> usize {
        self.running.load(Relaxed)
    }

    pub(in crate::gateway) fn started(&self) {
        self.running.fetch_add(1, Relaxed);
    }

    /// A message has been handled; the socket's task is woken, since it may have stopped reading.
    pub(in crate::gateway) fn finished(&self) {
        self.running.fetch_sub(1, Relaxed);
        self.wake.notify_one();
    }

    /// None when it is closing: whoever may not post to it any more is told that it is gone.
    pub(super) fn inspect(&self) -> Option<Inspection> {
        let open = self.outbox().is_open();
        open.then(|| Inspection {
            connected_at: self.connected_at,
            last_active_at: self.last_active_at(),
            source_ip: self.source_ip,
            user_agent: self.user_agent.clone(),
        })
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
