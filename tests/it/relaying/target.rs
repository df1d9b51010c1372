//! A service as a process of its own: Python's HTTP server, which writes down what it is posted.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::Instant;

use crate::hark::{Client, Hark};

/// For thousands of events on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Killed on drop.
pub struct Target {
    pub port: u16,
    process: Child,
    posts: Arc<Mutex<Vec<Post>>>,
}

/// One post that it took.
#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    pub headers: Value,
    pub body: String,
    /// Not the second time.
    pub handled: bool,
}

impl Post {
    /// The event's.
    pub fn id(&self) -> &str {
        self.headers["webhook-id"].as_str().expect("every post has one")
    }

    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

impl Target {
    pub async fn start(options: &[&str]) -> Self {
        Self::start_on(0, options).await
    }

    /// On the port of one that was killed.
    pub async fn start_on(port: u16, options: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/event_target.py");
        let mut process = Command::new("python3")
            .arg(script)
            .arg(port.to_string())
            .args(options)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = lines.next_line().await.expect("it is read").expect("it says its port");
        let posts = Arc::<Mutex<Vec<Post>>>::default();
        tokio::spawn(write_down(lines, posts.clone()));
        Self { port: port.parse().expect("a port"), process, posts }
    }

    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Registers it without a health check; its secret when the service is new.
    pub async fn register(&self, hark: &Hark, who: &Client, service: &str) -> Option<String> {
        self.register_with(hark, who, &json!({"service_name": service})).await["secret"]
            .as_str()
            .map(str::to_owned)
    }

    /// The same with more fields; the answer.
    pub async fn register_with(&self, hark: &Hark, who: &Client, fields: &Value) -> Value {
        let mut body = fields.clone();
        body["service_url"] = json!(self.url());
        let answer = hark.post(who, "/api/v1/services/register", &body).await;
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        answer.body
    }

    /// By SIGKILL, and gone when it returns.
    pub async fn kill(&mut self) {
        self.process.kill().await.expect("it was running");
    }

    /// Everything that it was posted, in order.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The ids of the events that it handled.
    pub fn handled(&self) -> BTreeSet<String> {
        self.posts().iter().filter(|post| post.handled).map(|post| post.id().to_owned()).collect()
    }
}

async fn write_down(mut lines: Lines<BufReader<ChildStdout>>, posts: Arc<Mutex<Vec<Post>>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        posts.lock().unwrap().push(serde_json::from_str(&line).expect("it prints JSON"));
    }
}

/// Waits until something holds, longer than `hark::eventually` does.
pub async fn at_last(holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to hold");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
