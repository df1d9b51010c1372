//! The place of the one connection: opened by the first who needs it, replaced when it broke.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{sleep, timeout};

use super::fault::{self, Fault};
use super::link::Link;
use crate::secrets::LoginUrl;

/// How long one connecting may take; it goes on in the background when the publish that began it has
/// given up, so that a slow handshake (TLS on a small function) is done by the next one.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How soon after a thaw a connecting that was begun before the freeze is given up: well before a publish is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

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
            None => timeout(within, self.open()).await.unwrap_or_else(|_| Err(too_slow(within))),
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
        let link = tokio::select! {
            opened = opening => opened.map_err(|e| Fault::of(&e, false))?,
            () = passed_by(HANDSHAKE_WITHIN) => return Err(too_slow(HANDSHAKE_WITHIN)),
        };
        let link = Arc::new(link);
        tokio::spawn(Link::stay_awake(Arc::downgrade(&link)));
        *self.lock() = Some(link.clone());
        Ok(link)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        // The value is replaced whole, so a panic elsewhere can't have left it half written.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits so long by the wall clock, which goes on while a function is frozen; the broker goes on without it, too.
async fn passed_by(limit: Duration) {
    let began = SystemTime::now();
    // A clock set back tells nothing: then it may have passed.
    while began.elapsed().is_ok_and(|passed| passed < limit) {
        sleep(LOOK_EVERY.min(limit)).await;
    }
}

fn too_slow(within: Duration) -> Fault {
    Fault::Failed(format!("not connected within {} ms", within.as_millis()))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// The runtime's clock is set forward at each sleep here, as the other of the two is by a freeze.
    #[tokio::test(start_paused = true)]
    async fn connecting_is_given_up_by_the_wall_clock() {
        let (began, limit) = (Instant::now(), Duration::from_millis(20));
        passed_by(limit).await;
        assert!(began.elapsed() >= limit, "{:?}", began.elapsed());
    }
}
