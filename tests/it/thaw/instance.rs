//! A function's own binary as a child process, frozen and thawed as Lambda does it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::{Child, Command};

use super::runtime_api::{Outcome, RuntimeApi};

/// Ended on drop.
pub struct Instance {
    api: RuntimeApi,
    process: Child,
}

impl Instance {
    /// Starts `function` with these variables and no others; its log goes to the file `log`.
    pub async fn start(function: &str, variables: &[(String, String)], log: &Path) -> Self {
        let api = RuntimeApi::start().await;
        let log = File::create(log).expect("the log is made");
        let process = Command::new(binary(function))
            .env_clear()
            .envs(variables.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdout(log.try_clone().expect("the log is shared"))
            .stderr(log)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the function starts");
        Self { api, process }
    }

    pub async fn invoke(&self, event: Value) -> Outcome {
        self.api.invoke(event).await
    }

    /// Stops it where Lambda does: when it waits for its next event.
    pub async fn freeze(&self) {
        self.api.until_idle().await;
        self.signal("-STOP").await;
    }

    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("kill starts");
        assert!(sent.success(), "the function has ended");
    }
}

/// Beside this test's own: cargo builds it for the function's own tests.
fn binary(function: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile = test.parent().and_then(Path::parent).expect("it is in deps/");
    let binary = profile.join(function);
    let missing = "is missing: `cargo test --workspace` builds it";
    assert!(binary.exists(), "{} {missing}", binary.display());
    binary
}
