//! A client that lives through faults: it asks by id, hears what comes, and connects again when it is cut.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::ledger::Heard;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

/// How soon a client that was cut tries again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// One open socket.
pub struct Line {
    sink: tokio::sync::Mutex<SplitSink<Stream, Message>>,
    waiting: Waiting,
    reading: AbortHandle,
}

impl Line {
    /// Opens a socket; what comes on it is put down in `heard`.
    pub async fn open(address: &str, token: &str, heard: Arc<Heard>) -> Option<Self> {
        let url = format!("ws://{address}/?token={token}");
        let (stream, _) = timeout(Duration::from_secs(10), connect_async(url)).await.ok()?.ok()?;
        let (sink, stream) = stream.split();
        let waiting = Waiting::default();
        let reading = tokio::spawn(read(stream, waiting.clone(), heard)).abort_handle();
        Some(Self { sink: sink.into(), waiting, reading })
    }

    /// The same, as often as it takes.
    pub async fn insist(address: &str, token: &str, heard: &Arc<Heard>) -> Self {
        loop {
            if let Some(line) = Self::open(address, token, heard.clone()).await {
                return line;
            }
            sleep(AGAIN_AFTER).await;
        }
    }

    pub fn is_cut(&self) -> bool {
        self.reading.is_finished()
    }

    /// Sends a frame with an id of its own and waits for its reply; None when none came in time, or the
    /// socket was cut.
    pub async fn ask(&self, frame: &Value, within: Duration) -> Option<Value> {
        let (sender, reply) = oneshot::channel();
        let id = frame["id"].as_str().expect("the frame has an id").to_owned();
        self.waiting.lock().unwrap().insert(id, sender);
        if self.is_cut() || self.sink.lock().await.send(Message::text(frame.to_string())).await.is_err() {
            return None;
        }
        timeout(within, reply).await.ok()?.ok()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(mut stream: SplitStream<Stream>, waiting: Waiting, heard: Arc<Heard>) {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
        let asked = frame["id"].as_str().and_then(|id| waiting.lock().unwrap().remove(id));
        match asked {
            Some(asker) => drop(asker.send(frame)),
            None => heard.note(&frame, Instant::now()),
        }
    }
    // Whoever still waits learns that nothing comes.
    waiting.lock().unwrap().clear();
}
