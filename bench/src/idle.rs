//! Sockets that only sit there, and what each costs the server in memory.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::process::resident_bytes;
use crate::receive::{Incoming, text};
use crate::sockets::{Dialer, Socket};
use crate::users::User;

/// Sockets opened before memory is first read: what the server sets up once, on first use, is no
/// socket's cost.
const FIRST: usize = 100;
/// The server gets this long to finish its work on the last handshake.
const SETTLE: Duration = Duration::from_secs(2);

/// Idle sockets, held open.
pub(crate) struct Idle {
    holders: Vec<JoinHandle<bool>>,
    /// Growth of the server's resident memory for each socket, in bytes; known when its pid is.
    pub(crate) bytes_each: Option<f64>,
}

impl Idle {
    /// Opens `count` sockets, dealt over `users`, that stay open until `stop` changes.
    ///
    /// # Errors
    /// When one is refused, or the server's process is gone.
    pub(crate) async fn open(
        dialer: &mut Dialer,
        users: &[User],
        count: usize,
        server: Option<u32>,
        stop: &watch::Receiver<()>,
    ) -> anyhow::Result<Self> {
        if count == 0 {
            return Ok(Self::none());
        }
        let tokens: Vec<&str> = users.iter().map(|user| user.token.as_str()).cycle().take(count).collect();
        let (first, rest) = tokens.split_at(FIRST.min(count / 2));
        let mut sockets = dialer.open(first).await?;
        let before = resident(server).await?;
        sockets.extend(dialer.open(rest).await?);
        let after = resident(server).await?;
        let growth = before.zip(after).map(|(before, after)| after.saturating_sub(before));
        Ok(Self {
            bytes_each: growth.and_then(|growth| each(growth, rest.len())),
            holders: sockets.into_iter().map(|socket| tokio::spawn(hold(socket, stop.clone()))).collect(),
        })
    }

    fn none() -> Self {
        Self { holders: Vec::new(), bytes_each: None }
    }

    /// Waits until all are closed; how many the server had closed before.
    pub(crate) async fn closed_early(self) -> u64 {
        let ends = join_all(self.holders).await;
        let early = ends.into_iter().filter(|end| !matches!(end, Ok(false)));
        u64::try_from(early.count()).unwrap_or(u64::MAX)
    }
}

async fn resident(server: Option<u32>) -> anyhow::Result<Option<u64>> {
    tokio::time::sleep(SETTLE).await;
    server.map(resident_bytes).transpose()
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
fn each(bytes: u64, sockets: usize) -> Option<f64> {
    (sockets > 0).then(|| bytes as f64 / sockets as f64)
}

/// Reads (which answers pings) until the end; whether the server closed first.
async fn hold(mut socket: Socket, mut stop: watch::Receiver<()>) -> bool {
    loop {
        let frame = tokio::select! {
            _ = stop.changed() => break,
            frame = socket.next() => frame,
        };
        if matches!(text(frame), Incoming::Closed) {
            return true;
        }
    }
    let _ = socket.close(None).await;
    false
}
