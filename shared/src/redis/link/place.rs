//! The place of the one connection: opened by the first who needs it, replaced when it broke.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use redis::{ErrorKind, RedisError};
use tokio::time::timeout;

use super::connection::Connection;
use super::login;
use crate::secrets::LoginUrl;

/// A connection that rested longer may have died unnoticed: the function was frozen, or a load balancer
/// dropped it without a word.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(5);

/// How long one connecting may take. It goes on in the background when the call that began it has given
/// up, so that a slow one (TLS on a small function, every node of a cluster) is done by the next one.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

pub(super) struct Place {
    url: LoginUrl,
    current: Mutex<Option<Arc<Open>>>,
    /// Held while connecting: many calls at once open one connection.
    opening: Arc<tokio::sync::Mutex<()>>,
}

/// A connection and when it was used.
pub(super) struct Open {
    pub(super) connection: Connection,
    /// By the wall clock, which goes on while the function is frozen.
    last_used: Mutex<SystemTime>,
}

impl Open {
    fn new(connection: Connection) -> Self {
        Self { connection, last_used: Mutex::new(SystemTime::now()) }
    }

    /// Whether silence on it may mean that it is dead.
    pub(super) fn is_doubtful(&self) -> bool {
        // A clock set back tells nothing: then it may be.
        lock(&self.last_used).elapsed().map_or(true, |rested| rested > DOUBTFUL_AFTER)
    }

    pub(super) fn used(&self) {
        *lock(&self.last_used) = SystemTime::now();
    }
}

impl Place {
    pub(super) fn new(url: LoginUrl) -> Arc<Self> {
        Arc::new(Self { url, current: Mutex::default(), opening: Arc::default() })
    }

    /// The connection if there is one, dead or alive.
    pub(super) fn current(&self) -> Option<Arc<Open>> {
        lock(&self.current).clone()
    }

    /// Drops a connection that failed, unless it was replaced already.
    pub(super) fn forget(&self, failed: &Arc<Open>) {
        let mut current = lock(&self.current);
        if current.as_ref().is_some_and(|open| Arc::ptr_eq(open, failed)) {
            *current = None;
        }
    }

    /// Drops whatever connection there is.
    pub(super) fn clear(&self) {
        *lock(&self.current) = None;
    }

    /// The connection, opened now if there is none. Those who come meanwhile wait for the same one.
    pub(super) async fn open(self: &Arc<Self>) -> Result<Arc<Open>, RedisError> {
        let only_one = self.opening.clone().lock_owned().await;
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let place = Arc::clone(self);
        let opening = tokio::spawn(async move {
            let opened = place.connect().await;
            drop(only_one);
            opened
        });
        opening.await.map_err(|error| failed("connecting was cut off", error.to_string()))?
    }

    async fn connect(&self) -> Result<Arc<Open>, RedisError> {
        let connection = timeout(CONNECT_WITHIN, login::connect(&self.url)).await;
        let late = |_| failed("not connected", format!("within {} ms", CONNECT_WITHIN.as_millis()));
        let open = Arc::new(Open::new(connection.map_err(late)??));
        *lock(&self.current) = Some(open.clone());
        Ok(open)
    }
}

fn failed(what: &'static str, why: String) -> RedisError {
    RedisError::from((ErrorKind::Io, what, why))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Both values are replaced whole, so a panic elsewhere can't leave them half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
