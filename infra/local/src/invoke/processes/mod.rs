//! Functions as child processes that speak the Lambda Runtime API, as they run in Lambda: a cold start for each
//! instance, one event at a time, a deadline that kills, and frozen (SIGSTOP) between events.
//!
//! An invocation takes a free instance of its function or starts one, up to a number; past that it waits its turn.

mod binary;
mod child;
mod instance;
mod pool;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{FunctionError, Invoker, Trace, admit};
use pool::Pool;

/// Instances of one function at most: each is a process with connections of its own.
pub const INSTANCES_DEFAULT: usize = 10;

/// What is known of a function before its first instance starts.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    /// How long one event may take.
    pub(super) timeout: Duration,
    pub(super) log: Option<PathBuf>,
}

/// The functions whose programs lie in a folder, by name.
pub struct Processes {
    pools: HashMap<String, Pool>,
}

/// One function for [`Processes::new`].
pub struct Described {
    pub name: String,
    pub environment: BTreeMap<String, String>,
    pub timeout: Duration,
    /// The file that its log is added to; None: the runner's own, each line under the function's name.
    pub log: Option<PathBuf>,
    /// How many of its events may be handled at once, past which they are throttled; None: as many as there are
    /// instances, past which they wait.
    pub reserved: Option<usize>,
}

impl Processes {
    /// Finds the program of every function in `folder`: `<name>/bootstrap`, as `cargo lambda build` leaves it, or
    /// `<name>`, as `cargo build` does. Nothing is started yet.
    ///
    /// # Errors
    /// Names the functions that have no program there.
    pub fn new(
        folder: &std::path::Path,
        functions: impl IntoIterator<Item = Described>,
        instances: usize,
    ) -> anyhow::Result<Self> {
        let mut pools = HashMap::new();
        let mut missing = Vec::new();
        for Described { name, environment, timeout, log, reserved } in functions {
            match binary::find(folder, &name)? {
                Some(path) => {
                    let program = Program { name: name.clone(), path, environment, timeout, log };
                    pools.insert(name, Pool::new(Arc::new(program), instances, reserved));
                }
                None => missing.push(name),
            }
        }
        if !missing.is_empty() {
            let folder = folder.display();
            anyhow::bail!("{folder} has no program for: {} (`make build` builds them)", missing.join(", "));
        }
        Ok(Self { pools })
    }

    /// How many instances of `function` wait frozen for an event.
    pub fn resting(&self, function: &str) -> usize {
        self.pools.get(function).map_or(0, Pool::resting)
    }
}

#[async_trait]
impl Invoker for Processes {
    async fn invoke_traced(
        &self,
        function: &str,
        event: Bytes,
        limit: Duration,
        trace: &Trace,
    ) -> Result<Bytes, FunctionError> {
        admit(&event)?;
        match self.pools.get(function) {
            Some(pool) => pool.invoke(event, limit, trace).await,
            None => Err(FunctionError::not_found(function)),
        }
    }
}
