//! A WebSocket client.

use super::stage::PATIENCE;
use futures::{SinkExt, StreamExt};
use http::HeaderMap;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

pub(super) struct Client {
    pub(super) id: String,
    pub(super) headers: HeaderMap,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// How a handshake was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Client {
    pub(super) async fn open(url: &str) -> Result<Self, Refused> {
        Self::open_with(url, &[]).await
    }

    pub(super) async fn open_with(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, Refused> {
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("a header");
            request.headers_mut().insert(*name, value);
        }
        match connect_async(request).await {
            Ok((stream, response)) => {
                let headers = response.headers().clone();
                Ok(Self { id: String::new(), headers, stream })
            }
            Err(Error::Http(response)) => Err(Refused {
                status: response.status().as_u16(),
                body: serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                    .unwrap_or_default(),
            }),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) fn named(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub(super) async fn send(&mut self, message: Message) {
        self.stream.send(message).await.expect("the socket is open");
    }

    /// Sends without waiting for what comes of it: the server may be closing.
    pub(super) async fn try_send(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let message = timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
        message.and_then(Result::ok)
    }

    /// The next text.
    pub(super) async fn hear(&mut self) -> String {
        match self.next().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("a text was expected, not {other:?}"),
        }
    }

    /// The code that the server closes with; skips over anything else.
    pub(super) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(_) => {}
                None => panic!("the server hung up without a close frame"),
            }
        }
    }

    pub(super) async fn close(&mut self) {
        self.stream.close(None).await.expect("the socket is open");
        while self.next().await.is_some() {}
    }
}
