//! One instance of a function, started by its first event.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use local::invoke::{Described, Invoker, Processes};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::events::{Function, is_success};
use super::ground::Ground;
use crate::process;

/// Longer than an event takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);
/// A killed process is gone within this.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Ended on drop.
pub(super) struct Instance {
    function: &'static Function,
    processes: Processes,
    log: std::path::PathBuf,
}

/// Of a function, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) binary: u64,
    /// None when there is no zip of it.
    pub(super) zip: Option<u64>,
}

impl Instance {
    /// Nothing is started yet.
    ///
    /// # Errors
    /// The function isn't in `folder`.
    pub(super) fn of(function: &'static Function, folder: &Path, ground: &Ground) -> anyhow::Result<Self> {
        let log = ground.log_of(function.name);
        let described = Described {
            name: function.name.to_owned(),
            environment: ground.environment(),
            timeout: LIMIT,
            log: Some(log.clone()),
            reserved: None,
        };
        Ok(Self { function, processes: Processes::new(folder, [described], 1)?, log })
    }

    /// Has it answer its event.
    ///
    /// # Errors
    /// The answer isn't a success; with the function's last words.
    pub(super) async fn answer(&self) -> anyhow::Result<()> {
        let Function { name, event, json } = self.function;
        let answer = self.processes.invoke(name, (*json).into(), LIMIT).await;
        let said = answer.map_err(|error| anyhow::anyhow!("{event}: {error}\n{}", self.last_words()))?;
        if is_success(&serde_json::from_slice::<Value>(&said)?) {
            return Ok(());
        }
        bail!("{event}: {}\n{}", String::from_utf8_lossy(&said), self.last_words())
    }

    /// Of its process.
    ///
    /// # Errors
    /// It ended.
    pub(super) fn pid(&self) -> anyhow::Result<u32> {
        // The only one: nothing else is started meanwhile.
        process::children()?.first().copied().with_context(|| format!("{} ended", self.function.name))
    }

    /// # Errors
    /// It ended.
    pub(super) fn sizes(&self, folder: &Path) -> anyhow::Result<Sizes> {
        let binary = std::fs::metadata(format!("/proc/{}/exe", self.pid()?))?.len();
        let zip = folder.join(self.function.name).with_extension("zip");
        Ok(Sizes { binary, zip: std::fs::metadata(zip).ok().map(|zip| zip.len()) })
    }

    /// Ends it and waits until it is gone, so that the next one starts alone.
    ///
    /// # Errors
    /// It doesn't end.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        drop(self.processes);
        let gone = async {
            while !process::children()?.is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
            anyhow::Ok(())
        };
        timeout(GONE_WITHIN, gone).await.with_context(|| format!("{} doesn't end", self.function.name))?
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}
