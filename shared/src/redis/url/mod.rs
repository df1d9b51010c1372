//! The forms of `REDIS_URL`.

mod nodes;
#[cfg(test)]
mod tests;

use std::sync::Once;

use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use nodes::{Parts, address};

/// What is wrong with the Redis configuration. Says nothing of the URL's passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisConfigError {
    #[error("the Redis URL is malformed: {0}")]
    Malformed(String),
}

/// Where Redis is.
#[derive(Clone)]
pub(super) enum RedisUrl {
    /// One server: `redis://[user:password@]host[:port][/database]`, over TLS with `rediss://`.
    Single(ConnectionInfo),
    /// The master that sentinels name, over TLS with `rediss+sentinel://`:
    /// `redis+sentinel://[user:password@]host:port,host:port/master[/database]` or
    /// `redis+sentinel://[user:password@]master/host:port,host:port[/database]`; the login is the
    /// servers', that of the sentinels is `?sentinel_user=...&sentinel_password=...`.
    Sentinels(Sentinels),
    /// `redis-cluster://[user:password@]host:port,host:port`, over TLS with `rediss-cluster://`: some of
    /// the nodes, which know the others.
    Cluster(Cluster),
}

#[derive(Clone)]
pub(super) struct Sentinels {
    pub(super) sentinels: Vec<ConnectionAddr>,
    pub(super) master: String,
    pub(super) database: i64,
    pub(super) server_login: Login,
    pub(super) sentinel_login: Login,
    pub(super) tls: bool,
}

#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) nodes: Vec<ConnectionInfo>,
}

#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

const SENTINEL_PORT: u16 = 26379;
const SERVER_PORT: u16 = 6379;

impl RedisUrl {
    pub(super) fn parse(url: &str) -> Result<Self, RedisConfigError> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let tls = scheme.starts_with("rediss");
        if tls {
            install_tls_provider();
        }
        match scheme {
            "redis" | "rediss" => single(url),
            "redis+sentinel" | "rediss+sentinel" => sentinels(rest, tls),
            "redis-cluster" | "rediss-cluster" => cluster(rest, tls),
            _ => Err(malformed(
                "it must begin with redis://, redis+sentinel:// or redis-cluster://, or the same with rediss",
            )),
        }
    }
}

fn single(url: &str) -> Result<RedisUrl, RedisConfigError> {
    let info = url.into_connection_info().map_err(|error| malformed(error.to_string()))?;
    Ok(RedisUrl::Single(info.set_tcp_settings(with_nodelay())))
}

fn sentinels(rest: &str, tls: bool) -> Result<RedisUrl, RedisConfigError> {
    let mut parts = Parts::read(rest)?;
    let sentinel_login =
        Login { user: parts.parameter("sentinel_user"), password: parts.parameter("sentinel_password") };
    parts.no_more_parameters()?;
    let (first, second, database) = match parts.path.as_slice() {
        [second] => (parts.authority, *second, 0),
        [second, database] => {
            let number = database.parse().map_err(|_| malformed("the database must be a number"))?;
            (parts.authority, *second, number)
        }
        _ => return Err(malformed("it must name the sentinels and the master, with one / between")),
    };
    // A master's name has neither; so which of the two is the list shows by them.
    let is_list = |part: &str| part.contains([':', ',']);
    let (list, master) = if is_list(second) { (second, first) } else { (first, second) };
    if master.is_empty() || is_list(master) {
        return Err(malformed("it must name the master that the sentinels watch"));
    }
    let address = |node| address(node, SENTINEL_PORT, tls);
    Ok(RedisUrl::Sentinels(Sentinels {
        sentinels: list.split(',').map(address).collect::<Result<_, _>>()?,
        master: master.to_owned(),
        database,
        server_login: parts.login,
        sentinel_login,
        tls,
    }))
}

fn cluster(rest: &str, tls: bool) -> Result<RedisUrl, RedisConfigError> {
    let parts = Parts::read(rest)?;
    parts.no_more_parameters()?;
    if !matches!(parts.path.as_slice(), [] | ["" | "0"]) {
        return Err(malformed("a cluster has no databases and its URL no path"));
    }
    let mut settings = RedisConnectionInfo::default();
    if let Some(user) = &parts.login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &parts.login.password {
        settings = settings.set_password(password);
    }
    let node = |node: &str| {
        let info = address(node, SERVER_PORT, tls)?.into_connection_info();
        let info = info.map_err(|error| malformed(error.to_string()))?;
        Ok(info.set_redis_settings(settings.clone()).set_tcp_settings(with_nodelay()))
    };
    Ok(RedisUrl::Cluster(Cluster {
        nodes: parts.authority.split(',').map(node).collect::<Result<_, RedisConfigError>>()?,
    }))
}

/// Without it the second of two small commands waits for the answer to the first.
pub(super) fn with_nodelay() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn malformed(why: impl Into<String>) -> RedisConfigError {
    RedisConfigError::Malformed(why.into())
}

/// rustls takes the process's provider, which must be there before the first handshake.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part installed one already, which serves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
