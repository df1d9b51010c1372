//! A few connections, kept between operations.
//!
//! sqlx's own pool sends a `Sync` after every use and waits for the answer without a deadline: a round
//! trip more per message, and in a function that was frozen in between the one permit is lost for good.
//! Here a connection goes back as it is, and only one that lay idle is asked whether it still lives.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::login;
use crate::ports::StoreError;
use crate::secrets::LoginUrl;

/// Idle for longer, a connection is tried before use: the environment may have been frozen meanwhile.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long a living server takes to answer a `Sync` at most; leaves time to connect anew.
const PING_DEADLINE: Duration = Duration::from_millis(200);

pub(super) struct Pool {
    url: LoginUrl,
    /// Of a statement.
    limit: Duration,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
    /// The monotonic clock may stand still while a microVM is paused.
    since_wall: SystemTime,
}

impl Idle {
    fn is_trusted(&self) -> bool {
        let wall = self.since_wall.elapsed().unwrap_or(Duration::MAX);
        self.since.elapsed().max(wall) < TRUSTED_IDLE
    }

    async fn checked(mut self) -> Option<PgConnection> {
        let alive = self.is_trusted()
            || tokio::time::timeout(PING_DEADLINE, self.connection.ping())
                .await
                .is_ok_and(|pong| pong.is_ok());
        alive.then_some(self.connection)
    }
}

impl Pool {
    pub(super) fn new(url: LoginUrl, limit: Duration, max_connections: u32) -> Self {
        let permits = Arc::new(Semaphore::new(max_connections.max(1) as usize));
        Self { url, limit, permits, idle: Arc::default() }
    }

    /// A connection that works, the one used last first. The caller bounds the time.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Unavailable("the pool is closed".to_owned()))?;
        let connection = match self.take_idle() {
            Some(idle) => idle.checked().await,
            None => None,
        };
        let connection = match connection {
            Some(connection) => connection,
            None => login::connect(&self.url, self.limit).await?,
        };
        Ok(Lease { connection, idle: Arc::clone(&self.idle), _permit: permit })
    }

    fn take_idle(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A connection in use; dropped, it is closed, unless it was given back.
pub(super) struct Lease {
    connection: PgConnection,
    idle: Arc<Mutex<Vec<Idle>>>,
    // Last, so that the permit is free only when the connection is back or gone.
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn give_back(self) {
        let idle = Idle { connection: self.connection, since: Instant::now(), since_wall: SystemTime::now() };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }
}

impl Deref for Lease {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
