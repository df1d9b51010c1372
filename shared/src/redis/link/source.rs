//! Where connections come from.

use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, RedisError, TlsMode};

use super::connection::Connection;
use crate::config::Secret;
use crate::redis::RedisConfigError;
use crate::redis::url::{Cluster, Login, RedisUrl, Sentinels, with_nodelay};

/// For one node of a cluster, connecting or answering: one that hangs must not hold up the others for
/// long when the library learns who serves what.
const NODE_ANSWERS_WITHIN: Duration = Duration::from_millis(500);
/// Redirections and repeats of one trip. The deadline of the trip is far shorter than all of them.
const REDIRECTIONS: u32 = 5;
/// Milliseconds before a repeat.
const REPEAT_AFTER: (u64, u64) = (2, 20);

pub(super) enum Source {
    Server(Client),
    Sentinels(Sentinels),
    Cluster(Box<ClusterClient>),
}

impl Source {
    pub(super) fn read(url: &Secret) -> Result<Self, RedisConfigError> {
        let malformed = |error: RedisError| RedisConfigError::Malformed(error.to_string());
        Ok(match RedisUrl::parse(url.expose())? {
            RedisUrl::Single(info) => Self::Server(Client::open(info).map_err(malformed)?),
            RedisUrl::Sentinels(sentinels) => Self::Sentinels(sentinels),
            RedisUrl::Cluster(cluster) => {
                Self::Cluster(Box::new(cluster_client(&cluster).map_err(malformed)?))
            }
        })
    }

    /// A new connection; to the master of this moment, where several servers can be it.
    pub(super) async fn connect(&self) -> Result<Connection, RedisError> {
        // The deadline is the caller's; the library's own limits would only hide it.
        let limits = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        Ok(match self {
            Self::Server(client) => {
                Connection::Server(client.get_multiplexed_async_connection_with_config(&limits).await?)
            }
            Self::Sentinels(sentinels) => {
                // Made anew each time, since one keeps connections to the sentinels, and after a freeze
                // these are dead too.
                let mut client = ask_for_the_master(sentinels)?;
                Connection::Server(client.get_async_connection_with_config(&limits).await?)
            }
            Self::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
        })
    }
}

fn ask_for_the_master(url: &Sentinels) -> Result<redis::sentinel::SentinelClient, RedisError> {
    let (sentinels, master) = (url.sentinels.clone(), url.master.clone());
    let mut client = SentinelClientBuilder::new(sentinels, master, SentinelServerType::Master)?
        .set_client_to_redis_db(url.database)
        .set_client_to_redis_tcp_settings(with_nodelay());
    let Login { user, password } = &url.server_login;
    if let Some(user) = user {
        client = client.set_client_to_redis_username(user);
    }
    if let Some(password) = password {
        client = client.set_client_to_redis_password(password);
    }
    let Login { user, password } = &url.sentinel_login;
    if let Some(user) = user {
        client = client.set_client_to_sentinel_username(user);
    }
    if let Some(password) = password {
        client = client.set_client_to_sentinel_password(password);
    }
    if url.tls {
        client = client.set_client_to_redis_tls_mode(TlsMode::Secure);
        client = client.set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    client.build()
}

fn cluster_client(cluster: &Cluster) -> Result<ClusterClient, RedisError> {
    ClusterClient::builder(cluster.nodes.iter().cloned())
        .connection_timeout(NODE_ANSWERS_WITHIN)
        .response_timeout(NODE_ANSWERS_WITHIN)
        .retries(REDIRECTIONS)
        .min_retry_wait(REPEAT_AFTER.0)
        .max_retry_wait(REPEAT_AFTER.1)
        .tcp_settings(with_nodelay())
        .build()
}
