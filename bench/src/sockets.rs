//! Opening sockets: many, from several loopback addresses, a bounded number at once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::progress::Tally;
use crate::target::Target;

/// An open socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Handshakes under way at the same time.
const AT_ONCE: usize = 64;
/// A handshake takes no longer than this, or the run fails.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// One address has some 28,000 ports to connect from, and closed connections hold theirs for a
/// minute: so few are taken from each.
const PER_ADDRESS: usize = 4_000;

/// Opens sockets to one server and counts how fast.
pub(crate) struct Dialer {
    target: Target,
    tally: Arc<Tally>,
    opened: usize,
    spent: Duration,
}

impl Dialer {
    /// A dialer that has opened nothing yet.
    pub(crate) fn new(target: Target, tally: Arc<Tally>) -> Self {
        Self { target, tally, opened: 0, spent: Duration::ZERO }
    }

    /// Opens one socket for each token, in the order of the tokens.
    ///
    /// # Errors
    /// When one is refused or times out.
    pub(crate) async fn open(&mut self, tokens: &[&str]) -> anyhow::Result<Vec<Socket>> {
        let began = Instant::now();
        let first = self.opened;
        let sockets = stream::iter(tokens.iter().enumerate())
            .map(|(index, token)| self.one(first + index, token))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        self.opened += tokens.len();
        self.spent += began.elapsed();
        Ok(sockets)
    }

    /// How many were opened and how many that was in a second.
    pub(crate) fn rate(&self) -> (u64, f64) {
        let opened = u32::try_from(self.opened).unwrap_or(u32::MAX);
        let seconds = self.spent.as_secs_f64().max(1e-9);
        (u64::from(opened), f64::from(opened) / seconds)
    }

    async fn one(&self, number: usize, token: &str) -> anyhow::Result<Socket> {
        let opening = self.handshake(number, token);
        let socket = tokio::time::timeout(HANDSHAKE, opening)
            .await
            .with_context(|| format!("socket {number}: no handshake within {HANDSHAKE:?}"))?
            .with_context(|| format!("socket {number} of this load was not opened"))?;
        self.tally.sockets.add(1);
        Ok(socket)
    }

    async fn handshake(&self, number: usize, token: &str) -> anyhow::Result<Socket> {
        let stream = self.connect(number).await?;
        stream.set_nodelay(true)?;
        // The default of 128 KiB a socket would be gigabytes of this process.
        let config = WebSocketConfig::default().read_buffer_size(4096);
        let url = self.target.socket(token);
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config));
        Ok(opened.await?.0)
    }

    async fn connect(&self, number: usize) -> anyhow::Result<TcpStream> {
        let address = self.target.address();
        let Some(source) = source(address, number) else {
            return Ok(TcpStream::connect(address).await?);
        };
        let socket = TcpSocket::new_v4()?;
        socket.bind(source)?;
        Ok(socket.connect(address).await?)
    }
}

/// Where the `number`th socket comes from: 127.0.0.1, 127.0.0.2 and so on. IPv6 has one loopback
/// address only, so there the kernel chooses.
fn source(target: SocketAddr, number: usize) -> Option<SocketAddr> {
    let last = u8::try_from(1 + number / PER_ADDRESS).unwrap_or(254);
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    target.is_ipv4().then(|| SocketAddr::new(address, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_spread_over_loopback_addresses() {
        let target = SocketAddr::from(([127, 0, 0, 1], 3000));
        assert_eq!(source(target, 0), Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        assert_eq!(source(target, 9_999), Some(SocketAddr::from(([127, 0, 0, 3], 0))));
        assert_eq!(source("[::1]:3000".parse().unwrap(), 5), None);
    }
}
