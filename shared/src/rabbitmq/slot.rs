//! The place of the one connection: opened by the first who needs it, replaced when it broke.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{error::Elapsed, timeout};

use super::fault::{self, Fault};
use super::link::Link;
use crate::secrets::LoginUrl;

/// How long one connecting may take; it goes on in the background when the publish that began it has
/// given up, so that a slow handshake (TLS on a small function) is done by the next one.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

pub(super) struct Slot {
    url: LoginUrl,
    current: Mutex<Option<Arc<Link>>>,
    /// Held while connecting: many publishes at once open one connection.
    opening: Arc<tokio::sync::Mutex<()>>,
}

impl Slot {
    pub(super) fn new(url: LoginUrl) -> Arc<Self> {
        Arc::new(Self { url, current: Mutex::default(), opening: Arc::default() })
    }

    /// The connection if it is there and to be trusted.
    pub(super) fn live(&self) -> Option<Arc<Link>> {
        self.lock().as_ref().filter(|link| link.is_usable()).cloned()
    }

    /// Whether a connection is there that isn't to be trusted any more.
    pub(super) fn holds_a_dead_one(&self) -> bool {
        self.lock().as_ref().is_some_and(|link| !link.is_usable())
    }

    /// Begins to open a connection if there is no live one, and doesn't wait for it.
    pub(super) fn begin_to_open(self: &Arc<Self>) {
        if self.live().is_some() || self.opening.try_lock().is_err() {
            return;
        }
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(fault) = slot.open().await {
                tracing::debug!(%fault, "the next publish connects");
            }
        });
    }

    /// The live connection, opened now if there is none.
    pub(super) async fn link(self: &Arc<Self>, within: Duration) -> Result<Arc<Link>, Fault> {
        match self.live() {
            Some(link) => Ok(link),
            None => timeout(within, self.open()).await.unwrap_or_else(|late| Err(too_slow(late, within))),
        }
    }

    /// Drops a connection that failed, unless it was replaced already.
    pub(super) fn forget(&self, failed: &Arc<Link>) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|link| Arc::ptr_eq(link, failed)) {
            *current = None;
        }
    }

    async fn open(self: &Arc<Self>) -> Result<Arc<Link>, Fault> {
        let only_one = self.opening.clone().lock_owned().await;
        if let Some(link) = self.live() {
            return Ok(link);
        }
        let slot = Arc::clone(self);
        let opening = tokio::spawn(async move {
            let opened = slot.connect().await;
            drop(only_one);
            opened
        });
        opening.await.map_err(|e| Fault::Failed(e.to_string()))?
    }

    async fn connect(&self) -> Result<Arc<Link>, Fault> {
        let opening = self.url.connect(Link::open, fault::is_refused);
        let opened = timeout(CONNECT_WITHIN, opening).await;
        let link = opened.map_err(|late| too_slow(late, CONNECT_WITHIN))?;
        let link = Arc::new(link.map_err(|e| Fault::of(&e, false))?);
        tokio::spawn(Link::stay_awake(Arc::downgrade(&link)));
        *self.lock() = Some(link.clone());
        Ok(link)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_slow(_: Elapsed, within: Duration) -> Fault {
    Fault::Failed(format!("not connected within {} ms", within.as_millis()))
}
