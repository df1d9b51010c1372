//! One connection to the broker and its confirm channels.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use futures::io::{AsyncRead, AsyncWrite};
use lapin::options::ConfirmSelectOptions;
use lapin::runtime::default_runtime;
use lapin::tcp::{AsyncTcpStream, RustlsConnectorConfig};
use lapin::uri::{AMQPAuthority, AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::time::sleep;

use crate::config::Secret;
use crate::parcel::APP_ID;

/// A connection that nothing was confirmed on for this long may have died unseen, for example while the
/// function was frozen.
const MAY_BE_STALE_AFTER: Duration = Duration::from_secs(3);

/// In bytes, unless the URL names another; what is longer goes in several frames. lapin keeps room for 32 frames in each
/// direction and writes zeros to it first: with the 128 KiB that RabbitMQ offers, 8 MiB and several milliseconds of each
/// cold start.
const FRAME_MAX: u32 = 8192;

/// A connection, with one channel per publish under way: the broker's returns then belong to the publish
/// that sees them, since lapin hands a return to whichever confirm of the channel comes next. A function
/// in Lambda publishes one batch at a time and so has one channel.
pub(super) struct Link {
    connection: Connection,
    idle_channels: Mutex<Vec<Channel>>,
    /// By the wall clock, which goes on while a function is frozen.
    last_used: Mutex<SystemTime>,
    /// By the wall clock, when the process was last seen to run; never moved over a gap in which the broker
    /// may have given the connection up.
    awake_at: Mutex<SystemTime>,
}

impl Link {
    pub(super) async fn open(url: Secret) -> Result<Self, lapin::Error> {
        let properties = ConnectionProperties::default().with_connection_name(APP_ID.into());
        let mut uri: AMQPUri = url.expose().parse().map_err(io::Error::other)?;
        uri.query.frame_max.get_or_insert(FRAME_MAX);
        let connection = Connection::connector(
            uri,
            default_runtime()?,
            async |uri, runtime| {
                let AMQPAuthority { host, port, .. } = uri.authority;
                let addresses = runtime.to_socket_addrs((host.clone(), port));
                let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                Ok(if uri.scheme == AMQPScheme::AMQPS { over_tls(stream, &host).await? } else { stream })
            },
            properties,
        )
        .await?;
        let first = confirm_channel(&connection).await?;
        Ok(Self {
            connection,
            idle_channels: Mutex::new(vec![first]),
            last_used: Mutex::new(SystemTime::now()),
            awake_at: Mutex::new(SystemTime::now()),
        })
    }

    /// False once the broker's end is known to be closed, or the process stood still for so long that it may
    /// well be: the broker hears nothing of a frozen function and gives it up after two heartbeats.
    pub(super) fn is_usable(&self) -> bool {
        self.connection.status().connected() && !self.has_overslept()
    }

    fn has_overslept(&self) -> bool {
        let heartbeat = self.heartbeat();
        // A clock set back tells nothing: then it may have.
        !heartbeat.is_zero() && lock(&self.awake_at).elapsed().map_or(true, |slept| slept > heartbeat)
    }

    /// Zero when there is none.
    fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.connection.configuration().heartbeat().into())
    }

    /// Notes now and then that the process runs, as long as the connection is there and trusted.
    pub(super) async fn stay_awake(link: Weak<Self>) {
        while let Some(pause) = link.upgrade().and_then(|link| link.note_awake()) {
            sleep(pause).await;
        }
    }

    /// How long until the next note; None when there need be none.
    fn note_awake(&self) -> Option<Duration> {
        let pause = self.heartbeat() / 4;
        if pause.is_zero() || !self.is_usable() {
            return None;
        }
        *lock(&self.awake_at) = SystemTime::now();
        Some(pause)
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

/// Trusts what this machine trusts. lapin would do the same; it also reads clients' identities from PKCS #12 files, and
/// what that takes would be in every function.
async fn over_tls<S>(stream: AsyncTcpStream<S>, host: &str) -> io::Result<AsyncTcpStream<S>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connector = RustlsConnectorConfig::new_with_platform_verifier().connector_with_no_client_auth()?;
    stream.into_rustls(&connector, host).await
}

async fn confirm_channel(connection: &Connection) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each value is replaced or changed in one step, so a panic elsewhere can't leave them half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
