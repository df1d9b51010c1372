//! A WebSocket client: tokio-tungstenite, and the words in which cases speak of frames.

use std::collections::VecDeque;

use futures::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::PATIENCE;
use crate::protocol;

/// The frames that answer one of the client's own.
const REPLIES: [&str; 4] = ["ack", "error", "heartbeat", "resumed"];

pub struct Socket {
    pub headers: HeaderMap,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Read while looking for another.
    backlog: VecDeque<Value>,
}

/// How a handshake was refused.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub body: Value,
}

impl Socket {
    /// Opens one at any URL, with any headers.
    ///
    /// # Errors
    /// How the handshake was refused.
    pub async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, Refused> {
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("an answer in time") {
            Ok((stream, response)) => {
                Ok(Self { headers: response.headers().clone(), stream, backlog: VecDeque::new() })
            }
            Err(Error::Http(response)) => Err(Refused {
                status: response.status().as_u16(),
                body: serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            }),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends whatever it is; the server may be closing already.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    /// Sends a frame and waits for its reply. One at a time: replies aren't matched by id.
    pub async fn ask(&mut self, frame: &Value) -> Value {
        self.send(frame).await;
        let reply = self.reply().await;
        if reply["type"] != "error" {
            protocol::check_taken(frame);
        }
        reply
    }

    /// The next reply.
    pub async fn reply(&mut self) -> Value {
        self.next_where(|frame| REPLIES.iter().any(|kind| frame["type"] == *kind)).await
    }

    /// Sends a message to a room; its ack.
    pub async fn say(&mut self, room: i64, content: &str) -> Value {
        let ack = self.ask(&json!({"type": "message", "room_id": room, "content": content})).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        ack
    }

    /// Sends what must be refused with that code; the sentence of the `error` frame, which repeats the id.
    #[track_caller]
    pub fn refused(&mut self, code: &str, frame: Value) -> impl Future<Output = String> {
        let code = code.to_owned();
        async move {
            let mut frame = frame;
            frame["id"] = json!("refuse me");
            let error = self.ask(&frame).await;
            assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{error}");
            assert_eq!(error["id"], "refuse me", "{error}");
            error["message"].as_str().expect("a sentence").to_owned()
        }
    }

    /// The next frame of a type; others are kept for later.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        self.next_where(|frame| frame["type"] == kind).await
    }

    /// The next `system` frame that tells of such an event.
    pub async fn next_event(&mut self, event: &str) -> Value {
        self.next_where(|frame| frame["type"] == "system" && frame["event"] == event).await
    }

    /// The frames of a type that were on the wire before now: what the server sent before it answers a
    /// heartbeat.
    pub async fn heard(&mut self, kind: &str) -> Vec<Value> {
        self.ask(&json!({"type": "heartbeat"})).await;
        let (of_kind, others) = self.backlog.drain(..).partition(|frame| frame["type"] == kind);
        self.backlog = others;
        let of_kind: VecDeque<Value> = of_kind;
        of_kind.into()
    }

    /// Every frame that was on the wire before now and wasn't asked for yet, but for replies.
    pub async fn everything(&mut self) -> Vec<Value> {
        self.ask(&json!({"type": "heartbeat"})).await;
        self.backlog.drain(..).collect()
    }

    /// The code that the server closes with; skips over anything before.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.read().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(_) => {}
                None => panic!("the server hung up without a close frame"),
            }
        }
    }

    /// Every frame up to the end of the socket that wasn't asked for yet.
    pub async fn until_closed(mut self) -> Vec<Value> {
        while let Some(Message::Text(text)) = self.read().await {
            self.backlog.push_back(parsed(&text));
        }
        self.backlog.into()
    }

    /// Closes in order.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
        while self.read().await.is_some() {}
    }

    pub async fn next_where(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.backlog.iter().position(&is_wanted) {
            return self.backlog.remove(at).expect("it is there");
        }
        loop {
            let frame = self.frame().await;
            if is_wanted(&frame) {
                return frame;
            }
            self.backlog.push_back(frame);
        }
    }

    /// The next frame of any type.
    pub async fn frame(&mut self) -> Value {
        match self.read().await {
            Some(Message::Text(text)) => parsed(&text),
            other => panic!("a frame was expected, not {other:?}; read before: {:?}", self.backlog),
        }
    }

    async fn read(&mut self) -> Option<Message> {
        let message = timeout(PATIENCE, self.stream.next()).await;
        message.unwrap_or_else(|_| panic!("nothing came; read before: {:?}", self.backlog))?.ok()
    }
}

/// A frame as the protocol has it.
fn parsed(text: &str) -> Value {
    let frame = serde_json::from_str(text).expect("frames are JSON");
    protocol::check_received(&frame);
    frame
}
