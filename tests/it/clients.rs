//! Clients that nobody here wrote: boto3's of `@connections`, and Python's `websockets`.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::hark::{MANAGEMENT_SECRET, World, on_both};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whether the scripts' libraries are installed; the first test to come sees to it.
static INSTALLED: OnceCell<()> = OnceCell::const_new();

async fn install() {
    let tools = Path::new(ROOT).join("infra/tools");
    let making = Command::new(tools).args(["tests/python/requirements.txt", "target/clients"]).output();
    succeed(making.await.expect("infra/tools starts"));
}

/// A Python that has all of them.
pub async fn python() -> PathBuf {
    INSTALLED.get_or_init(install).await;
    Path::new(ROOT).join("target/clients/bin/python")
}

/// A script of tests/python, to be started; it ends with its process.
pub async fn command(script: &str) -> Command {
    let root = Path::new(ROOT);
    let mut command = Command::new(python().await);
    command.arg(root.join("tests/python").join(script)).kill_on_drop(true);
    command
}

/// Runs a script of tests/python; what it printed, as JSON.
pub async fn run(script: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let mut command = command(script).await;
    let output = command.args(arguments).envs(environment.iter().copied()).output();
    let said = succeed(output.await.expect("Python starts"));
    serde_json::from_str(&said).expect("the script prints JSON")
}

fn succeed(output: Output) -> String {
    let (said, complained) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    said
}

async fn two_python_clients_exchange_messages(world: &World) {
    let hark = world.start().await;
    let done = run("two_clients.py", &[&hark.running.http_url()], &[]).await;
    assert_eq!(done["exchanged"], 3);
    hark.stop().await;
}

async fn boto3_posts_to_inspects_and_deletes_a_connection(world: &World) {
    let hark = world.start().await;
    let ann = hark.user("ann").await;
    let mut socket = hark.open(&format!("/?token={}", ann.token), &[("user-agent", "a test")]).await.unwrap();
    let app = hark.running.app();
    let status = app.presence.status(shared::ids::UserId(ann.id), app.clock.now()).await.unwrap();
    let address = &status.connections[0];

    let environment = [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", MANAGEMENT_SECRET),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let id = "019b76c6-9d0e-7b11-a2b3-c4d5e6f70809";
    let frame =
        json!({"type": "notification", "broadcast_id": id, "data": {"from": "boto3"}, "timestamp": 1});
    let frame_text = frame.to_string();
    let arguments: [&str; 3] = [&address.endpoint, &address.connection.0, &frame_text];
    let learned = run("management.py", &arguments, &environment).await;

    assert_eq!(socket.next_of("notification").await, frame);
    assert_eq!(socket.close_code().await, 1000);
    let connected_at = learned["connected_at"].as_f64().unwrap();
    assert!((connected_at - address.connected_at.0 as f64).abs() < 1.0, "{learned}");
    assert!(learned["last_active_at"].as_f64().unwrap() >= connected_at, "{learned}");
    assert_eq!((&learned["source_ip"], &learned["user_agent"]), (&json!("127.0.0.1"), &json!("a test")));
    assert_eq!(learned["refusals"], json!([410, 410, 410, 410, 410, 410]), "never open, or closed");
    hark.stop().await;
}

on_both! {
    two_python_clients_exchange_messages,
    boto3_posts_to_inspects_and_deletes_a_connection,
}
