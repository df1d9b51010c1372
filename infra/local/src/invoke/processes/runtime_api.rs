//! The Lambda Runtime API of one instance, on a loopback port of its own.
//!
//! Paths and headers as in "Building a custom runtime" of the AWS Lambda Developer Guide.

use std::io;
use std::net::Ipv4Addr;
use std::time::SystemTime;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::invoke::FunctionError;

/// The largest answer of a function, in bytes: 6 MB and what Lambda allows over it.
pub(super) const ANSWER_MAX_BYTES: usize = 6 * 1024 * 1024 + 100;

/// What the process asked.
pub(super) enum Call {
    /// It waits for an event.
    Next(oneshot::Sender<Next>),
    /// It is done with the event of that id.
    Done { id: String, outcome: Result<Bytes, FunctionError>, taken: oneshot::Sender<()> },
    /// It can't start.
    InitFailed(FunctionError),
}

/// An event as the process gets it.
pub(super) struct Next {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline: SystemTime,
    pub(super) function: String,
    /// `Root=...;Parent=...;Sampled=...`
    pub(super) trace: String,
}

/// Serves until dropped.
pub(super) struct RuntimeApi {
    address: String,
    server: AbortHandle,
}

type Calls = mpsc::Sender<Call>;

impl RuntimeApi {
    /// Binds a free port; what the process asks comes out of the receiver.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn bind() -> io::Result<(Self, mpsc::Receiver<Call>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (calls, asked) = mpsc::channel(1);
        let serving = axum::serve(listener, routes().with_state(calls)).into_future();
        Ok((Self { address, server: tokio::spawn(serving).abort_handle() }, asked))
    }

    /// `127.0.0.1:40001`, the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn routes() -> Router<Calls> {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
        .route("/2018-06-01/runtime/init/error", post(init_failure))
}

async fn next(State(calls): State<Calls>) -> Response {
    let (hand, handed) = oneshot::channel();
    // Nobody listens any more, or never hands one: the instance is going away.
    if calls.send(Call::Next(hand)).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    match handed.await {
        Ok(next) => (headers(&next), next.event).into_response(),
        Err(_) => StatusCode::GONE.into_response(),
    }
}

fn headers(next: &Next) -> HeaderMap {
    let deadline = next.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{}", next.function);
    let values = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", next.id.clone()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", arn),
        ("lambda-runtime-trace-id", next.trace.clone()),
    ];
    let header = |(name, value): (&'static str, String)| {
        Some((name.parse().ok()?, HeaderValue::from_str(&value).ok()?))
    };
    values.into_iter().filter_map(header).collect()
}

async fn answer(State(calls): State<Calls>, Path(id): Path<String>, request: Request) -> Response {
    let Ok(body) = to_bytes(request.into_body(), ANSWER_MAX_BYTES).await else {
        let error = FunctionError::answer_too_large(ANSWER_MAX_BYTES);
        done(&calls, id, Err(error)).await;
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    };
    accepted(done(&calls, id, Ok(body)).await)
}

async fn failure(State(calls): State<Calls>, Path(id): Path<String>, body: Bytes) -> Response {
    accepted(done(&calls, id, Err(FunctionError::reported(&body))).await)
}

async fn init_failure(State(calls): State<Calls>, body: Bytes) -> Response {
    accepted(calls.send(Call::InitFailed(FunctionError::reported(&body))).await.is_ok())
}

/// Whether the instance had such an event in hand.
async fn done(calls: &Calls, id: String, outcome: Result<Bytes, FunctionError>) -> bool {
    let (taken, heard) = oneshot::channel();
    calls.send(Call::Done { id, outcome, taken }).await.is_ok() && heard.await.is_ok()
}

fn accepted(taken: bool) -> Response {
    if !taken {
        return refused(StatusCode::BAD_REQUEST, "InvalidRequestID");
    }
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn refused(status: StatusCode, kind: &str) -> Response {
    (status, Json(json!({"errorType": kind, "errorMessage": kind}))).into_response()
}
