//! The server under load: one that runs already, or a runner of our own with a state of its own.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::runner::Runner;
use crate::target::Target;

/// The variables that name the real services.
pub(crate) const SERVICES: [&str; 3] = ["DATABASE_URL", "REDIS_URL", "RABBITMQ_URL"];

/// Which adapters the server under load uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// No service: SQLite, memory, in process.
    Embedded,
    /// `DATABASE_URL`, `REDIS_URL` and `RABBITMQ_URL` from the environment.
    Real,
}

impl Mode {
    /// Embedded, and real as well when the environment names all three services.
    pub(crate) fn available() -> Vec<Self> {
        match SERVICES.iter().all(|name| std::env::var_os(name).is_some()) {
            true => vec![Self::Embedded, Self::Real],
            false => vec![Self::Embedded],
        }
    }

    /// The word for it in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Real => "real",
        }
    }
}

/// The server under load.
pub(crate) struct Server {
    pub(crate) target: Target,
    /// Known when the runner is ours or was named with `--pid`.
    pub(crate) pid: Option<u32>,
    runner: Option<Runner>,
}

impl Server {
    /// A server that somebody else runs.
    pub(crate) fn running(target: Target, pid: Option<u32>) -> Self {
        Self { target, pid, runner: None }
    }

    /// Starts `hark` on a free port with a new state folder and waits until it is healthy.
    ///
    /// # Errors
    /// When it cannot be started, ends early, or isn't healthy within a minute; its last log lines
    /// are in the error.
    pub(crate) async fn start(hark: PathBuf, mode: Mode, jwt_secret: String) -> anyhow::Result<Self> {
        let runner = Runner::start(hark, mode, jwt_secret).await?;
        Ok(Self { target: runner.target(), pid: runner.pid(), runner: Some(runner) })
    }

    /// Restarts a runner of ours on its state, so that its memory begins anew: registering users
    /// leaves it with argon2's freed pages. Does nothing to somebody else's server.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        if let Some(runner) = &mut self.runner {
            runner.restart().await?;
            self.pid = runner.pid();
        }
        Ok(())
    }

    /// Stops a runner of ours and removes its state.
    ///
    /// # Errors
    /// When it had to be killed.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        match self.runner {
            Some(runner) => runner.stop().await,
            None => Ok(()),
        }
    }
}
