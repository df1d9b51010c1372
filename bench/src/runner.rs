//! A runner as a child process, with a port and a state folder of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::server::{Mode, SERVICES};
use crate::target::Target;

/// A runner answers /health within this, or is given up.
const READY: Duration = Duration::from_secs(60);
/// A runner ends within this after SIGTERM, or is killed.
const STOPPED: Duration = Duration::from_secs(15);

/// A runner that this process started.
pub(crate) struct Runner {
    hark: PathBuf,
    mode: Mode,
    jwt_secret: String,
    port: u16,
    // Dropped in this order: the process ends before its folder goes.
    child: Child,
    state: TempDir,
}

impl Runner {
    /// Starts `hark` and waits until it is healthy.
    ///
    /// # Errors
    /// When it cannot be started, ends early, or isn't healthy in time, with its last log lines.
    pub(crate) async fn start(hark: PathBuf, mode: Mode, jwt_secret: String) -> anyhow::Result<Self> {
        let state = tempfile::Builder::new()
            .prefix("hark-bench-")
            .tempdir()
            .context("cannot make the runner's state folder")?;
        let port = free_port()?;
        let child = spawn(&hark, mode, &jwt_secret, port, state.path())?;
        let mut runner = Self { hark, mode, jwt_secret, port, state, child };
        runner.healthy().await?;
        Ok(runner)
    }

    /// Where it listens.
    pub(crate) fn target(&self) -> Target {
        Target::local(self.port)
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops it and starts it again on the same port and state.
    ///
    /// # Errors
    /// As [`Runner::start`] and [`Runner::stop`].
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        self.terminate().await?;
        self.child = self.spawn()?;
        self.healthy().await
    }

    /// Stops it and removes its state.
    ///
    /// # Errors
    /// When it had to be killed.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let stopped = self.terminate().await;
        self.state.close().context("cannot remove the runner's state")?;
        stopped
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        spawn(&self.hark, self.mode, &self.jwt_secret, self.port, self.state.path())
    }

    async fn healthy(&mut self) -> anyhow::Result<()> {
        let url = self.target().http("/health");
        let client = reqwest::Client::builder().no_proxy().build()?;
        let deadline = Instant::now() + READY;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("the runner ended at once ({status}):\n{}", self.last_lines());
            }
            let answer = client.get(&url).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the runner is not healthy after {READY:?}:\n{}", self.last_lines())
    }

    /// SIGTERM to our own child, so that it says goodbye to its sockets and stores.
    async fn terminate(&mut self) -> anyhow::Result<()> {
        let Some(pid) = self.child.id() else {
            return Ok(());
        };
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).context("pid 0")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        if tokio::time::timeout(STOPPED, self.child.wait()).await.is_err() {
            self.child.kill().await?;
            bail!("the runner did not stop within {STOPPED:?} of SIGTERM and was killed");
        }
        Ok(())
    }

    fn last_lines(&self) -> String {
        let log = std::fs::read_to_string(self.state.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

fn spawn(hark: &Path, mode: Mode, jwt_secret: &str, port: u16, state: &Path) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(state.join("log"))?;
    let mut command = Command::new(hark);
    if mode == Mode::Embedded {
        SERVICES.iter().for_each(|name| {
            command.env_remove(name);
        });
    }
    command
        .env("PORT", port.to_string())
        .env("MANAGEMENT_PORT", "0")
        .env("STATE_DIR", state)
        .env("JWT_SECRET", jwt_secret)
        .env("RATE_LIMIT_MESSAGES", "0")
        .env("RATE_LIMIT_REGISTER_PER_HOUR", "0")
        .env("RATE_LIMIT_LOGIN_PER_MINUTE", "0")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // When the driver fails or is interrupted; otherwise SIGTERM ends it first.
        .kill_on_drop(true)
        .spawn()
        .with_context(|| {
            let hark = hark.display();
            format!("cannot start {hark}: build it with `cargo build --release -p local`")
        })
}

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
