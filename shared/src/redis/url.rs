//! The forms of `REDIS_URL`.

use std::sync::Once;

use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

/// What is wrong with the Redis configuration. Says nothing of the URL's password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisConfigError {
    #[error("the Redis URL is malformed: {0}")]
    Malformed(String),
    #[error("Redis URLs of the form {0} are not supported yet: use redis:// or rediss://")]
    Unsupported(&'static str),
}

/// Where Redis is. Sentinel and Cluster get a variant of their own when they come.
#[derive(Debug, Clone)]
pub(super) enum RedisUrl {
    /// One server: `redis://[user:password@]host[:port][/database]`, over TLS with `rediss://`.
    Single(ConnectionInfo),
}

impl RedisUrl {
    pub(super) fn parse(url: &str) -> Result<Self, RedisConfigError> {
        match url.split_once("://").map_or("", |(scheme, _)| scheme) {
            "redis" | "rediss" => single(url),
            "redis+sentinel" => Err(RedisConfigError::Unsupported("redis+sentinel://")),
            "redis-cluster" => Err(RedisConfigError::Unsupported("redis-cluster://")),
            _ => Err(RedisConfigError::Malformed("it must begin with redis:// or rediss://".to_owned())),
        }
    }
}

fn single(url: &str) -> Result<RedisUrl, RedisConfigError> {
    let malformed = |error: redis::RedisError| RedisConfigError::Malformed(error.to_string());
    let info = url.into_connection_info().map_err(malformed)?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        install_tls_provider();
    }
    // Without it the second of two small commands waits for the answer to the first.
    Ok(RedisUrl::Single(info.set_tcp_settings(TcpSettings::default().set_nodelay(true))))
}

/// rustls takes the process's provider, which must be there before the first handshake.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part installed one already, which serves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_read_with_and_without_tls() {
        for url in ["redis://127.0.0.1:6379/3", "rediss://user:secret@redis.example.org:6380"] {
            assert!(matches!(RedisUrl::parse(url), Ok(RedisUrl::Single(_))), "{url}");
        }
    }

    #[test]
    fn sentinel_and_cluster_are_refused_by_name() {
        for (url, form) in [
            ("redis+sentinel://main/h1:26379,h2:26379", "redis+sentinel://"),
            ("redis-cluster://h1:6379,h2:6379", "redis-cluster://"),
        ] {
            assert_eq!(RedisUrl::parse(url).unwrap_err(), RedisConfigError::Unsupported(form));
        }
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        for url in ["http://:hunter2@h", "redis://:hunter2@h:notaport", "hunter2"] {
            assert!(!RedisUrl::parse(url).unwrap_err().to_string().contains("hunter2"), "{url}");
        }
    }
}
