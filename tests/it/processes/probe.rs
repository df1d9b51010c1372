//! A function that does as its event says, in instances of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use local::invoke::{Described, FunctionError, Invoker, Processes, Trace};
use serde_json::{Value, json};
use tempfile::TempDir;

/// As long as any case waits, and the function's own timeout unless it says another.
pub const LIMIT: Duration = Duration::from_secs(20);

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/probe_function.py");

/// The processes of the one function `probe`, and the folder with its program.
pub struct Probe {
    processes: Processes,
    pub folder: TempDir,
}

impl Probe {
    pub fn new(instances: usize) -> Self {
        Self::with(LIMIT, instances, &[])
    }

    pub fn with(timeout: Duration, instances: usize, environment: &[(&str, &str)]) -> Self {
        Self::of(timeout, instances, None, environment)
    }

    /// Whose events are handled `reserved` at once and no more.
    pub fn reserved(reserved: usize) -> Self {
        Self::of(LIMIT, 5, Some(reserved), &[])
    }

    fn of(
        timeout: Duration,
        instances: usize,
        reserved: Option<usize>,
        environment: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write_program(&folder.path().join("probe"));
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let described = Described { name: "probe".to_owned(), environment, timeout, log: None, reserved };
        let processes = Processes::new(folder.path(), [described], instances).expect("the program is there");
        Self { processes, folder }
    }

    pub async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        self.invoke_within(LIMIT, event).await
    }

    pub async fn invoke_within(&self, limit: Duration, event: Value) -> Result<Value, FunctionError> {
        let answer = self.processes.invoke("probe", event.to_string().into(), limit).await?;
        Ok(serde_json::from_slice(&answer).expect("the probe answers JSON"))
    }

    pub async fn invoke_traced(&self, trace: &Trace, event: Value) -> Value {
        let answer = self.processes.invoke_traced("probe", event.to_string().into(), LIMIT, trace).await;
        serde_json::from_slice(&answer.expect("an answer")).expect("the probe answers JSON")
    }

    /// The process that answers now.
    pub async fn pid(&self) -> u64 {
        self.invoke(json!({"do": "answer"})).await.expect("an answer")["pid"].as_u64().expect("a number")
    }

    /// How many instances wait frozen for an event.
    pub fn resting(&self) -> usize {
        self.processes.resting("probe")
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

fn write_program(folder: &Path) {
    std::fs::create_dir(folder).expect("a folder");
    let program = folder.join("bootstrap");
    std::fs::write(&program, format!("#!/bin/sh\nexec python3 {SCRIPT}\n")).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// `T` while it is stopped, None when it is no more.
pub fn state(pid: u64) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which is in brackets.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}
