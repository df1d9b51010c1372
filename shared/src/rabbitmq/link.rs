//! One connection to the broker and its confirm channels.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};

use crate::parcel::APP_ID;

/// A connection that nothing was confirmed on for this long may have died unseen, for example while the
/// function was frozen.
const MAY_BE_STALE_AFTER: Duration = Duration::from_secs(3);

/// A connection, with one channel per publish under way: the broker's returns then belong to the publish
/// that sees them, since lapin hands a return to whichever confirm of the channel comes next. A function
/// in Lambda publishes one batch at a time and so has one channel.
pub(super) struct Link {
    connection: Connection,
    idle_channels: Mutex<Vec<Channel>>,
    /// By the wall clock, which goes on while a function is frozen.
    last_used: Mutex<SystemTime>,
}

impl Link {
    pub(super) async fn open(url: &str) -> Result<Self, lapin::Error> {
        let properties = ConnectionProperties::default().with_connection_name(APP_ID.into());
        let connection = Connection::connect(url, properties).await?;
        let first = confirm_channel(&connection).await?;
        Ok(Self {
            connection,
            idle_channels: Mutex::new(vec![first]),
            last_used: Mutex::new(SystemTime::now()),
        })
    }

    /// False once the broker's end is known to be closed.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether silence on it may mean that it is dead.
    pub(super) fn may_be_stale(&self) -> bool {
        // A clock set back tells nothing: then it may be.
        lock(&self.last_used).elapsed().map_or(true, |idle| idle > MAY_BE_STALE_AFTER)
    }

    /// A confirm channel for the caller alone; give it back with [`Link::put_back`] after a success, and
    /// drop it after anything else, so that no late answer meets the next publish.
    pub(super) async fn channel(&self) -> Result<Channel, lapin::Error> {
        let idle = lock(&self.idle_channels).pop();
        match idle.filter(|channel| channel.status().connected()) {
            Some(channel) => Ok(channel),
            None => confirm_channel(&self.connection).await,
        }
    }

    pub(super) fn put_back(&self, channel: Channel) {
        *lock(&self.last_used) = SystemTime::now();
        lock(&self.idle_channels).push(channel);
    }
}

async fn confirm_channel(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Both values are replaced or changed in one step, so a panic elsewhere can't leave them half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
