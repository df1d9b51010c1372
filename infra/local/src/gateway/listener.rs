//! Accepts connections on one port and serves HTTP/1.1 on them.

use super::{Answers, Lifecycle};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Handshakes that may wait to be accepted: a benchmark opens thousands at once.
const BACKLOG: u32 = 4096;

/// How long to wait when the system has no more descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound port.
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// The system's: the port is taken, or not ours to bind.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves with `service` until the runner stops.
    pub(crate) fn serve<S: Answers>(self, service: Arc<S>, lifecycle: &Lifecycle) {
        let own = lifecycle.clone();
        lifecycle.tasks.spawn(async move {
            tokio::select! {
                () = own.stopping.cancelled() => {}
                () = accept(&self.listener, &service, &own) => {}
            }
        });
    }
}

async fn accept<S: Answers>(listener: &TcpListener, service: &Arc<S>, lifecycle: &Lifecycle) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connection = connection(stream, peer, service.clone(), lifecycle.clone());
                lifecycle.tasks.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection<S: Answers>(stream: TcpStream, peer: SocketAddr, service: Arc<S>, lifecycle: Lifecycle) {
    // Frames are small and each is wanted at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // An error is the client's: it hung up, or it spoke something else than HTTP.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = lifecycle.stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
