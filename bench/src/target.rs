//! The server under load: an address of this machine, and nothing else.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, bail, ensure};

/// A server's loopback address. That it can only be loopback is what keeps the driver from being
/// aimed at somebody else's machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(SocketAddr);

impl Target {
    /// Takes `http://HOST:PORT`, where HOST is an address or a name of the loopback interface.
    ///
    /// # Errors
    /// When the URL is not plain HTTP, carries a path, or when any address of its host is not
    /// loopback.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let uri: http::Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
        ensure!(uri.scheme_str() == Some("http"), "`{url}`: only http:// is supported");
        ensure!(matches!(uri.path(), "" | "/"), "`{url}`: the URL must have no path");
        let host = uri.host().with_context(|| format!("`{url}` has no host"))?;
        let port = uri.port_u16().unwrap_or(80);
        Self::resolve(host.trim_matches(['[', ']']), port)
    }

    /// The server of this machine at `port` of 127.0.0.1.
    pub(crate) fn local(port: u16) -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn resolve(host: &str, port: u16) -> anyhow::Result<Self> {
        let found: Vec<SocketAddr> =
            (host, port).to_socket_addrs().with_context(|| format!("cannot resolve `{host}`"))?.collect();
        if let Some(outside) = found.iter().find(|address| !address.ip().is_loopback()) {
            bail!(
                "refused: `{host}` is {}, and a load may only be put on a loopback address \
                 (127.0.0.1, ::1 or localhost)",
                outside.ip()
            );
        }
        let preferred = found.iter().find(|address| address.is_ipv4());
        let address = preferred.or(found.first());
        Ok(Self(*address.with_context(|| format!("`{host}` has no address"))?))
    }

    /// Where to connect.
    pub(crate) fn address(self) -> SocketAddr {
        self.0
    }

    /// The URL of `path`, which begins with a slash.
    pub(crate) fn http(self, path: &str) -> String {
        format!("http://{}{path}", self.0)
    }

    /// The URL of a socket with this token.
    pub(crate) fn socket(self, token: &str) -> String {
        format!("ws://{}/?token={token}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_addresses_are_accepted() {
        for url in
            ["http://127.0.0.1:3000", "http://localhost:3000/", "http://127.9.9.9:3000", "http://[::1]:3000"]
        {
            assert!(Target::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn any_other_address_is_refused_with_the_reason() {
        for url in
            ["http://10.0.0.1:3000", "http://0.0.0.0:3000", "http://[2001:db8::1]:3000", "http://192.168.1.4"]
        {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains("loopback"), "{url}: {error}");
        }
    }

    #[test]
    fn other_schemes_and_paths_are_refused() {
        assert!(Target::parse("https://127.0.0.1:3000").is_err());
        assert!(Target::parse("http://127.0.0.1:3000/ws").is_err());
        assert!(Target::parse("127.0.0.1").is_err());
    }
}
