//! The Lambda Runtime API for one instance of a function:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use uuid::Uuid;

/// What a function may take for one event.
const TIMEOUT: Duration = Duration::from_secs(29);

/// The function's answer, or the error that it reported.
pub type Outcome = Result<Value, Value>;

/// Serves one instance until it is dropped.
pub struct RuntimeApi {
    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub address: String,
    desk: Arc<Desk>,
    server: AbortHandle,
}

struct Desk {
    events: mpsc::UnboundedSender<Event>,
    next: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    /// By request id, the event that the instance is at.
    running: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    /// Whether the instance asks for its next event and has none: Lambda freezes it then.
    idle: watch::Sender<bool>,
}

#[derive(Debug)]
struct Event {
    payload: Value,
    outcome: oneshot::Sender<Outcome>,
}

impl RuntimeApi {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (events, next) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            events,
            next: tokio::sync::Mutex::new(next),
            running: Mutex::default(),
            idle: watch::Sender::new(false),
        });
        let server = tokio::spawn(axum::serve(listener, router(desk.clone())).into_future());
        Self { address, desk, server: server.abort_handle() }
    }

    /// Hands the instance an event and waits for what becomes of it.
    pub async fn invoke(&self, payload: Value) -> Outcome {
        let (outcome, answered) = oneshot::channel();
        self.desk.idle.send_replace(false);
        self.desk.events.send(Event { payload, outcome }).expect("the desk is there");
        let answer = tokio::time::timeout(TIMEOUT, answered).await;
        answer.expect("an answer before the function's timeout").expect("the desk keeps what runs")
    }

    /// Waits until the instance asks for an event and there is none.
    pub async fn until_idle(&self) {
        let mut idle = self.desk.idle.subscribe();
        let waited = tokio::time::timeout(TIMEOUT, idle.wait_for(|idle| *idle)).await;
        waited.expect("it asks for its next event in time").expect("the desk is there");
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .with_state(desk)
}

/// The headers and body of the next event, when there is one.
async fn next(State(desk): State<Arc<Desk>>) -> ([(&'static str, String); 3], Json<Value>) {
    desk.idle.send_replace(true);
    let event = desk.next.lock().await.recv().await.expect("the desk holds a sender");
    let id = Uuid::new_v4().to_string();
    desk.running.lock().unwrap().insert(id.clone(), event.outcome);
    let deadline = SystemTime::now() + TIMEOUT;
    let deadline = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis().to_string();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:under-test".to_owned();
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", arn),
    ];
    (headers, Json(event.payload))
}

async fn response(State(desk): State<Arc<Desk>>, Path(id): Path<String>, answer: Bytes) -> StatusCode {
    desk.settle(&id, Ok(read(&answer)))
}

async fn error(State(desk): State<Arc<Desk>>, Path(id): Path<String>, error: Bytes) -> StatusCode {
    desk.settle(&id, Err(read(&error)))
}

/// Functions send JSON without saying so.
fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("functions answer with JSON")
}

impl Desk {
    fn settle(&self, id: &str, outcome: Outcome) -> StatusCode {
        match self.running.lock().unwrap().remove(id) {
            // Nobody waits any more when the test has given up.
            Some(waiting) => waiting.send(outcome).map_or(StatusCode::GONE, |()| StatusCode::ACCEPTED),
            None => StatusCode::BAD_REQUEST,
        }
    }
}
