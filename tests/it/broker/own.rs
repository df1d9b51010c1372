//! A RabbitMQ that nobody else talks to: it can be restarted under the test alone.

use tempfile::TempDir;

use crate::services::{exported, kill, run, services};

/// A broker of the test's own; ended on drop.
pub struct OwnBroker {
    state: TempDir,
    pub url: String,
}

impl OwnBroker {
    pub async fn start() -> Self {
        let state = TempDir::new().unwrap();
        let exports = exported(&services(state.path(), &["start", "rabbitmq"]).await);
        let url = exports.into_iter().find(|(name, _)| name == "RABBITMQ_URL");
        Self { url: url.expect("it prints the URL").1, state }
    }

    /// Ends it and starts it again, on the same port with the same data.
    pub async fn restart(&self) {
        services(self.state.path(), &["restart", "rabbitmq"]).await;
    }

    /// Kills it with SIGKILL and starts it again, with what its disk holds.
    pub async fn crash(&self) {
        kill(self.state.path(), "rabbitmq");
        services(self.state.path(), &["start", "rabbitmq"]).await;
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        let stopped = run(self.state.path(), &["stop", "--wipe"]);
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
    }
}
