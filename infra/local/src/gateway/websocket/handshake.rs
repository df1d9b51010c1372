//! The handshake: authorizer, `$connect`, and only then the upgrade.

use super::{
    WebSocketFront, authorizer, connection, event,
    refusal::{Refusal, RefusalBody},
    request_id,
};
use crate::{
    gateway::{answer::Answer, ids, parameters::Parameters, sockets::Socket},
    invoke::{Failure, FunctionError, TRACE_HEADER, Trace},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use std::{net::SocketAddr, sync::Arc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// API Gateway's limit of a URL, in bytes.
const MAX_URL: usize = 4096;

impl WebSocketFront {
    /// Answers a handshake from `peer`: 101, or the status and the body of whoever refused it.
    pub(in crate::gateway) async fn open(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let upgrade = hyper::upgrade::on(&mut request);
        let id = ids::connection();
        let request_id = request_id();
        match self.admit(&request, id.clone(), peer, &request_id).await {
            Ok((socket, response)) => {
                let let_go = self.sockets.faults().connect_is_let_go();
                self.stopping.run_until_cancelled(let_go).await;
                self.serve(socket, upgrade);
                response
            }
            Err(refusal) => refusal.response(&id, &request_id),
        }
    }

    async fn admit(
        &self,
        request: &Request<Incoming>,
        id: Arc<str>,
        peer: SocketAddr,
        request_id: &str,
    ) -> Result<(Arc<Socket>, Response<Full<Bytes>>), Refusal> {
        let accept = accept(request)?;
        if self.sockets.faults().throttles_connect() {
            return Err(Refusal::THROTTLED);
        }
        let text = |name| text(request.headers(), name);
        let trace = Trace::of(Some(text(header::HeaderName::from_static(TRACE_HEADER))));
        let parameters = Parameters::of(request.uri(), request.headers(), peer.ip(), &trace);
        let (host, agent) = (text(header::HOST), text(header::USER_AGENT));
        let mut socket = Socket::new(id, peer.ip(), host, agent, self.sockets.clock());
        socket.authorizer = authorizer::decide(self, &socket, &parameters, request_id, &trace).await?;
        let protocol = self.connect(&socket, &parameters, request_id, &trace).await?;
        Ok((Arc::new(socket), switching(accept, protocol)))
    }

    /// Invokes `$connect`; gives the subprotocol that it chose.
    async fn connect(
        &self,
        socket: &Socket,
        parameters: &Parameters,
        request_id: &str,
        trace: &Trace,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let Some(route) = self.api.routes.get("$connect") else {
            return Ok(None);
        };
        let event = event::connect(self.context(), socket, parameters, request_id);
        let answer = self.invoke(route, event, trace).await.map_err(|error| failed(&error))?;
        let answer = Answer::parse(&answer).map_err(|_| Refusal::BAD_GATEWAY)?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        Ok(answer.headers.get(header::SEC_WEBSOCKET_PROTOCOL).cloned())
    }

    /// Makes the socket reachable and hands it to a task of its own.
    fn serve(self: Arc<Self>, socket: Arc<Socket>, upgrade: OnUpgrade) {
        self.sockets.insert(socket.clone());
        let tasks = self.tasks.clone();
        tasks.spawn(connection::serve(self, socket, upgrade));
    }
}

/// The `Sec-WebSocket-Accept` of a well-formed handshake.
fn accept(request: &Request<Incoming>) -> Result<HeaderValue, Refusal> {
    let headers = request.headers();
    if request.uri().to_string().len() > MAX_URL {
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "Request URI too long"));
    }
    let malformed = || Refusal::new(StatusCode::BAD_REQUEST, "Bad Request");
    if text(headers, header::SEC_WEBSOCKET_VERSION) != "13" {
        return Err(malformed());
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(malformed)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| malformed())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn switching(accept: HeaderValue, protocol: Option<HeaderValue>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

fn failed(error: &FunctionError) -> Refusal {
    match error.failure {
        Failure::TimedOut => Refusal::TIMED_OUT,
        Failure::Unhandled | Failure::Throttled | Failure::TooLarge | Failure::NotFound => {
            Refusal::BAD_GATEWAY
        }
    }
}

fn refused(answer: &Answer<'_>) -> Refusal {
    let message = answer.status.canonical_reason().unwrap_or("Refused");
    let body = match &answer.body {
        Some(body) if !body.is_empty() => RefusalBody::Own(body.clone().into_owned()),
        _ => RefusalBody::Notice(message, None),
    };
    Refusal { status: answer.status, body }
}

/// Whether a request asks to become a WebSocket.
pub(in crate::gateway) fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, wanted: &str| {
        let values = text(headers, name).split(',');
        values.into_iter().any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    has(header::CONNECTION, "upgrade") && has(header::UPGRADE, "websocket")
}
