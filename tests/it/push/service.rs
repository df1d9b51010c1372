//! A push service and a webhook's receiver in one: it writes down what it is posted and answers as told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use shared::clock::{Clock, SystemClock, UnixMs};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::hark::eventually;

#[derive(Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: UnixMs,
}

#[derive(Default)]
struct Book {
    received: HashMap<String, Vec<Received>>,
    /// What to answer next, 201 after that.
    answers: HashMap<String, VecDeque<u16>>,
}

type Shared = Arc<Mutex<Book>>;

pub struct Service {
    port: u16,
    book: Shared,
    serving: JoinHandle<()>,
}

impl Service {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Shared::default();
        let router = Router::new().route("/{name}", post(take)).with_state(book.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, book, serving }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.origin())
    }

    /// Answers the next posts to `name` with these.
    pub fn answer(&self, name: &str, statuses: &[u16]) {
        self.book.lock().unwrap().answers.entry(name.to_owned()).or_default().extend(statuses);
    }

    /// What `name` was posted so far.
    pub fn received(&self, name: &str) -> Vec<Received> {
        self.book.lock().unwrap().received.get(name).cloned().unwrap_or_default()
    }

    /// The same, once there are so many.
    pub async fn receives(&self, name: &str, count: usize) -> Vec<Received> {
        eventually(async || self.received(name).len() >= count).await;
        self.received(name)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(book): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let mut book = book.lock().unwrap();
    let received = Received { headers, body, at: SystemClock.now() };
    book.received.entry(name.clone()).or_default().push(received);
    let status = book.answers.get_mut(&name).and_then(VecDeque::pop_front).unwrap_or(201);
    StatusCode::from_u16(status).unwrap()
}
