//! Services of a test's own, by the script that starts those of all tests.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sqlx::Connection;

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

/// The variables among what it printed.
pub fn exported(output: &str) -> Vec<(String, String)> {
    let variable = |line: &str| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
    };
    output.lines().filter_map(variable).collect()
}

/// Kills one of them with SIGKILL, its children too: each session of Postgres is a group of its own and would go on until
/// it next waits.
pub fn kill(state: &Path, name: &str) {
    let leader = leader(state, name);
    // Stopped first, so that it makes no more of them meanwhile.
    signal("-STOP", &leader);
    let children = children(&leader);
    signal("-KILL", &format!("-{leader}"));
    // Some ended with their group.
    Command::new("kill").arg("-KILL").args(children).output().expect("kill runs");
}

fn children(of: &str) -> Vec<String> {
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
    children.expect("its children").split_whitespace().map(str::to_owned).collect()
}

fn leader(state: &Path, name: &str) -> String {
    let record = std::fs::read_to_string(state.join(format!("{name}.pid")));
    let record: Value = serde_json::from_str(&record.expect("it was started")).expect("a record");
    record["pid"].as_i64().expect("a pid").to_string()
}

/// To a process, or to a group when it begins with a dash.
fn signal(signal: &str, to: &str) {
    let sent = Command::new("kill").args([signal, "--", to]).status().expect("kill runs");
    assert!(sent.success(), "{to} was not there");
}

/// The process of the session that a connection has, stopped: it notices nothing any more.
async fn hang(connection: &mut sqlx::PgConnection) {
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await.expect("its pid");
    signal("-STOP", &pid.to_string());
}

#[tokio::test]
async fn a_killed_postgres_starts_again_while_one_of_its_sessions_hangs() {
    let state = tempfile::tempdir().unwrap();
    let exports = services(state.path(), &["start", "postgres"]).await;
    let url =
        exports.split('\'').chain(exports.split(['=', '\n'])).find(|word| word.starts_with("postgres://"));
    let mut session = sqlx::PgConnection::connect(url.expect("its URL")).await.expect("it answers");
    hang(&mut session).await;
    signal("-KILL", &leader(state.path(), "postgres"));
    services(state.path(), &["start", "postgres"]).await;
    let mut another = sqlx::PgConnection::connect(url.unwrap()).await.expect("it answers");
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&mut another).await.expect("a row");
    assert_eq!(one, 1);
    services(state.path(), &["stop", "postgres", "--wipe"]).await;
}
