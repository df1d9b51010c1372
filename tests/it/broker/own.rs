//! A RabbitMQ that nobody else talks to: it can be restarted under the test alone.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const SERVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/local/services");

/// A broker of the test's own; ended on drop.
pub struct OwnBroker {
    state: TempDir,
    pub url: String,
}

impl OwnBroker {
    pub async fn start() -> Self {
        let state = TempDir::new().unwrap();
        let exports = run(state.path(), &["start", "rabbitmq"]).await;
        let url = exports.lines().find_map(|line| line.strip_prefix("export RABBITMQ_URL="));
        Self { url: url.expect("it prints the URL").trim_matches('\'').to_owned(), state }
    }

    /// Ends it and starts it again, on the same port with the same data.
    pub async fn restart(&self) {
        run(self.state.path(), &["restart", "rabbitmq"]).await;
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        let stopped = services(self.state.path(), &["stop", "--wipe"]);
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
    }
}

/// Off the test's thread, whose other tasks go on meanwhile.
async fn run(state: &Path, arguments: &'static [&'static str]) -> String {
    let state = state.to_owned();
    let output = tokio::task::spawn_blocking(move || services(&state, arguments)).await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn services(state: &Path, arguments: &[&str]) -> Output {
    Command::new(SERVICES).args(arguments).env("SERVICES_DIR", state).output().expect("services starts")
}
