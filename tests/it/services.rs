//! Services of a test's own, by the script that starts those of all tests.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/local/services");

/// Runs the script on the services of `state`, off the test's threads, whose other tasks go on meanwhile;
/// what it printed.
pub async fn services(state: &Path, arguments: &[&'static str]) -> String {
    let (state, arguments) = (state.to_owned(), arguments.to_vec());
    let output = tokio::task::spawn_blocking(move || run(&state, &arguments)).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The same on this thread, however it ends.
pub fn run(state: &Path, arguments: &[&str]) -> Output {
    Command::new(SERVICES).args(arguments).env("SERVICES_DIR", state).output().expect("services starts")
}

/// Kills one of them with SIGKILL, its children too.
pub fn kill(state: &Path, name: &str) {
    let record = std::fs::read_to_string(state.join(format!("{name}.pid")));
    let record: Value = serde_json::from_str(&record.expect("it was started")).expect("a record");
    // It has a session of its own, so the group is its children and itself.
    let group = format!("-{}", record["pid"].as_i64().expect("a pid"));
    let killed = Command::new("kill").args(["-9", "--", &group]).status().expect("kill runs");
    assert!(killed.success(), "{name} was not there to be killed");
}
