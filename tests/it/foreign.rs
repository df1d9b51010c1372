//! A function and a template that nobody wrote for this runner, on AWS's own Python runtime: what tests/foreign/README.md
//! says of them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use futures::{SinkExt, StreamExt};
use local::faults::{DisconnectFault, Fault, Kind};
use local::{Options, Running};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::clients;
use crate::hark::eventually;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign");

/// A start of Python with boto3, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// The sample behind a runner, without a service.
struct Sample {
    running: Running,
    folder: TempDir,
}

impl Sample {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        deploy(&folder.path().join("functions/Chat"), &clients::python().await);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let connections = format!("ConnectionsPath={}", path("connections.db"));
        let (template, functions, state) =
            (format!("{SAMPLE}/template.yaml"), path("functions"), path("state"));
        let arguments = ["hark", "--port", "0", "--template", &template, "--processes", &functions];
        let of_this_test = ["--state-dir", &state, "--parameter", &connections];
        let options = Options::parse_from(arguments.into_iter().chain(of_this_test));
        Self { running: local::start(options).await.expect("it starts"), folder }
    }

    async fn connect(&self) -> Socket {
        let (socket, _) = timeout(PATIENCE, connect_async(self.running.ws_url())).await.unwrap().unwrap();
        Socket(socket)
    }

    /// How many connections the sample keeps.
    async fn kept(&self) -> i64 {
        let options = SqliteConnectOptions::new().filename(self.folder.path().join("connections.db"));
        let store = SqlitePool::connect_with(options).await.unwrap();
        let kept = sqlx::query_scalar("SELECT count(*) FROM connections").fetch_one(&store).await.unwrap();
        store.close().await;
        kept
    }
}

/// What a deployment unpacks: the handler, and a runtime that calls it.
fn deploy(folder: &Path, python: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::copy(format!("{SAMPLE}/app.py"), folder.join("app.py")).unwrap();
    let bootstrap = folder.join("bootstrap");
    let script = format!("#!/bin/sh\nexec {} -m awslambdaric app.handler\n", python.display());
    std::fs::write(&bootstrap, script).unwrap();
    std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        let next = timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
        next.expect("the socket is open").unwrap().into_text().unwrap().to_string()
    }
}

fn message(data: &str) -> Value {
    json!({"action": "sendmessage", "data": data})
}

#[tokio::test]
async fn awss_chat_sample_runs_as_it_stands() {
    let sample = Sample::start().await;
    let (mut one, mut other, third) = tokio::join!(sample.connect(), sample.connect(), sample.connect());
    assert_eq!(sample.kept().await, 3);

    drop(third);
    eventually(async || sample.kept().await == 2).await;

    one.say(&message("hi")).await;
    assert_eq!((one.hear().await, other.hear().await), ("hi".to_owned(), "hi".to_owned()));

    // It hears nothing of this end: only a post that finds nobody tells it.
    sample.running.sockets().faults().set([Fault::every(Kind::Disconnect(DisconnectFault::Lost))]);
    drop(other);
    eventually(async || sample.running.sockets().len() == 1).await;
    assert_eq!(sample.kept().await, 2);
    one.say(&message("are you there?")).await;
    assert_eq!(one.hear().await, "are you there?");
    eventually(async || sample.kept().await == 1).await;

    one.say(&json!({"action": "unheard-of"})).await;
    let refused: Value = serde_json::from_str(&one.hear().await).unwrap();
    assert_eq!(refused["message"], "Forbidden", "no route, and no $default: {refused}");
    sample.running.sockets().faults().set([]);
    assert!(sample.running.stop().await, "something still ran");
}
