//! The life of one open socket: a task that reads, writes, watches the time, and disconnects once.

use super::{
    GOING_AWAY, MAX_RUNNING, WebSocketFront, config,
    ending::{ABNORMAL, Ending, NOT_TEXT, broken, client_close, too_slow},
    event, request_id,
};
use crate::gateway::sockets::{Close, End, Socket};
use crate::invoke::Trace;
use futures::{SinkExt, StreamExt};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{CloseFrame, Role},
    },
};

/// How long a client may take to read the close frame and hang up.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a client may take to read what is sent to it at once.
const STALLED: Duration = Duration::from_secs(30);

/// Serves `socket` until it ends, then invokes `$disconnect`.
///
/// What happens once in a socket's life is boxed: otherwise the task of every idle socket would have
/// room for it.
pub(super) async fn serve(front: Arc<WebSocketFront>, socket: Arc<Socket>, upgrade: OnUpgrade) {
    let close = match Box::pin(accept(upgrade)).await {
        Some(stream) => {
            let mut connection = Connection { front: front.clone(), socket: socket.clone(), stream };
            connection.run().await
        }
        None => ABNORMAL,
    };
    front.sockets.remove(&socket.id);
    Box::pin(disconnect(&front, &socket, &close)).await;
}

/// The raw socket under the upgraded HTTP connection; hyper's own buffers end here.
async fn accept(upgrade: OnUpgrade) -> Option<Box<WebSocketStream<TcpStream>>> {
    let upgraded = upgrade.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    let (stream, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let config = Some(config());
    Some(Box::new(WebSocketStream::from_partially_read(stream, read, Role::Server, config).await))
}

async fn disconnect(front: &WebSocketFront, socket: &Socket, close: &Close) {
    let Some(route) = front.api.routes.get("$disconnect") else {
        return;
    };
    let met = front.sockets.faults().disconnect();
    if met.is_lost {
        return;
    }
    if !met.late.is_zero() {
        front.stopping.run_until_cancelled(sleep(met.late)).await;
    }
    let event = event::disconnect(front.context(), socket, close, &request_id());
    let times = if met.comes_twice { 2 } else { 1 };
    for _ in 0..times {
        if let Err(error) = front.invoke(route, event.clone(), &Trace::start()).await {
            tracing::warn!(%error, "$disconnect failed");
        }
    }
}

struct Connection {
    front: Arc<WebSocketFront>,
    socket: Arc<Socket>,
    stream: Box<WebSocketStream<TcpStream>>,
}

impl Connection {
    async fn run(&mut self) -> Close {
        if self.front.stopping.is_cancelled() {
            self.socket.close(GOING_AWAY);
        }
        match self.until_end().await {
            Ending::Ours(close) => {
                Box::pin(self.say_farewell(&close)).await;
                close
            }
            Ending::Theirs(close) => close,
        }
    }

    async fn until_end(&mut self) -> Ending {
        let mut ahead_ms = self.socket.ahead_ms;
        let limits = self.front.limits;
        // It has just begun, whatever the time is set to meanwhile: only a move of the clock shortens this.
        let timer = sleep(limits.idle.min(limits.life));
        tokio::pin!(timer);
        loop {
            // Whoever moves the clock wakes the socket.
            if self.front.sockets.clock().ahead_ms() != ahead_ms {
                ahead_ms = self.front.sockets.clock().ahead_ms();
                timer.as_mut().reset(Instant::now() + self.time_left());
            }
            let may_read = self.socket.running() < MAX_RUNNING;
            let ending = tokio::select! {
                () = self.socket.woken() => self.write_queued().await,
                message = self.stream.next(), if may_read => self.received(message).await,
                () = &mut timer => {
                    let left = self.time_left();
                    timer.as_mut().reset(Instant::now() + left);
                    left.is_zero().then_some(Ending::Ours(GOING_AWAY))
                }
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    /// The time until the socket has been idle or open for too long. Looked at when it has passed,
    /// since resetting a timer at every frame would cost more than the frame.
    fn time_left(&self) -> Duration {
        let now = self.socket.now();
        let since = |start: i64| Duration::from_millis(u64::try_from(now - start).unwrap_or(0));
        let limits = self.front.limits;
        let idle = limits.idle.saturating_sub(since(self.socket.last_active_at()));
        let life = limits.life.saturating_sub(since(self.socket.connected_at));
        idle.min(life)
    }

    async fn received(&mut self, message: Option<Result<Message, Error>>) -> Option<Ending> {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.socket.touch();
                self.handle(text);
                None
            }
            Some(Ok(Message::Binary(_))) => Some(Ending::Ours(NOT_TEXT)),
            // Answered by the protocol's own layer; the idle time counts messages alone.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Ok(Message::Close(frame))) => {
                // The answer to the close frame is queued already; an error means that it is out.
                let _ = Box::pin(timeout(FAREWELL, self.stream.flush())).await;
                Some(Ending::Theirs(client_close(frame)))
            }
            Some(Err(error)) => Some(broken(&error)),
            None => Some(Ending::Theirs(ABNORMAL)),
        }
    }

    /// Handles one frame beside the socket, so that the next one need not wait.
    fn handle(&self, text: Utf8Bytes) {
        let (front, socket) = (self.front.clone(), self.socket.clone());
        socket.started();
        self.front.tasks.spawn(async move {
            let reply = front.message(&socket, &text).await;
            if let Some(reply) = reply {
                // The client may have gone meanwhile.
                let _ = socket.push(reply);
            }
            socket.finished();
        });
    }

    async fn write_queued(&mut self) -> Option<Ending> {
        let batch = self.socket.take();
        if batch.frames.is_empty() {
            return match batch.end? {
                End::Close(close) => Some(Ending::Ours(close)),
                End::Overflow => Some(Ending::Theirs(too_slow(&self.socket))),
            };
        }
        let socket = self.socket.clone();
        let written = tokio::select! {
            written = timeout(STALLED, self.write(batch.frames)) => written,
            () = socket.overflowed() => return Some(Ending::Theirs(too_slow(&socket))),
        };
        // More may have come meanwhile, and `overflowed` may have eaten its wake-up. Back to the loop
        // all the same: a steady stream of posts must not keep the socket from being read.
        socket.wake();
        match written {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some(Ending::Theirs(ABNORMAL)),
            Err(_) => Some(Ending::Theirs(too_slow(&socket))),
        }
    }

    async fn write(&mut self, frames: VecDeque<Utf8Bytes>) -> Result<(), Error> {
        for frame in frames {
            self.stream.feed(Message::Text(frame)).await?;
        }
        self.stream.flush().await
    }

    /// Sends the close frame and reads on until the client hangs up: closing with unread input would
    /// reset the connection, and the client might lose the frame.
    async fn say_farewell(&mut self, close: &Close) {
        let frame = CloseFrame { code: close.code.into(), reason: Utf8Bytes::from(close.reason.as_ref()) };
        let farewell = async {
            self.stream.as_mut().close(Some(frame)).await?;
            let raw = self.stream.get_mut();
            raw.shutdown().await?;
            let mut ignored = vec![0; 4096];
            while raw.read(&mut ignored).await? > 0 {}
            Ok::<_, Error>(())
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}
