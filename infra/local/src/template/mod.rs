//! Reads `template.yaml` into what the runner needs: functions, routes, queue sources and schedules.
//!
//! The subset of CloudFormation and SAM that is known: `Parameters` with defaults and overrides,
//! `Conditions`, `Globals`, the functions that `intrinsic.rs` names, and the resource types in
//! `resources.rs` (a WebSocket API in SAM's one resource, or in API Gateway's own). What only matters to a deployment is read over and named in [`Template::ignored`];
//! anything else is an error that names its place, so that what runs locally cannot silently differ
//! from what is deployed.

mod condition;
mod event;
mod function;
mod gateway;
mod http;
mod intrinsic;
mod mapping;
mod node;
mod parameter;
mod resources;
mod response;
mod retries;
mod websocket;

#[cfg(test)]
mod tests;

pub use self::{
    http::{Cors, HttpApi, HttpRoute},
    retries::Retries,
    websocket::{Authorizer, IdentitySource, WebSocketApi, WebSocketRoute},
};

use intrinsic::Scope;
use node::Node;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

/// Values given for parameters, by name, in place of their defaults.
pub type Overrides = BTreeMap<String, String>;

/// What the runner takes from a template.
#[derive(Debug, Default)]
pub struct Template {
    /// Every function, by name.
    pub functions: BTreeMap<String, Function>,
    /// The WebSocket API, if there is one.
    pub websocket: Option<WebSocketApi>,
    /// The HTTP API and its routes, if there is one.
    pub http: Option<HttpApi>,
    /// The enabled queue sources.
    pub queues: Vec<QueueSource>,
    /// The enabled schedules.
    pub schedules: Vec<Schedule>,
    /// Properties and resources that only matter to a deployment, e.g. `Function.MemorySize`.
    pub ignored: BTreeSet<String>,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The last segment of its `CodeUri`, which is also the name of its binary; its logical id when that names no
    /// folder of its own.
    pub name: String,
    /// The longest that one invocation may take.
    pub timeout: Duration,
    /// The environment's literal values; references to other resources and secrets are left out.
    pub environment: BTreeMap<String, String>,
    /// The variables of its environment that are the address of the WebSocket API: posts go there.
    pub endpoints: BTreeSet<String>,
    /// What its runtime calls, where it has one that calls something.
    pub handler: Option<String>,
    /// Its memory, in MB, where it is stated.
    pub memory_mb: Option<u64>,
    /// How many of its events may be handled at once, where that is bounded.
    pub reserved: Option<usize>,
    /// What becomes of an event that nobody waits for, when it fails.
    pub retries: Retries,
}

/// An Amazon MQ queue that feeds a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSource {
    /// The queue's name.
    pub queue: String,
    /// The function that gets its batches.
    pub function: String,
    /// The function's timeout: the limit of one invocation.
    pub timeout: Duration,
    /// The most messages in a batch.
    pub batch_size: usize,
    /// How long a batch may wait for more messages.
    pub window: Duration,
}

/// A function invoked at a fixed rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The rule's name.
    pub name: String,
    /// The function to invoke.
    pub function: String,
    /// The function's timeout: the limit of one invocation.
    pub timeout: Duration,
    /// The time from one invocation to the next.
    pub rate: Duration,
    /// What becomes of an event that fails.
    pub retries: Retries,
}

/// Why a template cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not YAML.
    #[error("the template is not YAML: {0}")]
    NotYaml(#[from] serde_yaml_ng::Error),
    /// Something in it is missing, wrong or unknown to the runner.
    #[error("template, at {place}: {problem}")]
    At {
        /// The path of keys, e.g. `Resources.Api.Properties.Routes`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl TemplateError {
    fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::At { place: place.into(), problem: problem.into() }
    }
}

type Result<T, E = TemplateError> = std::result::Result<T, E>;

impl Template {
    /// Reads the template in the file `path`.
    ///
    /// # Errors
    /// [`TemplateError`]: unreadable, not YAML, or it holds what the runner doesn't know.
    pub fn read(path: &Path, overrides: &Overrides) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TemplateError::Unreadable { path: path.display().to_string(), source })?;
        Self::parse(&text, overrides)
    }

    /// Reads a template from its text.
    ///
    /// # Errors
    /// [`TemplateError`]: not YAML, or it holds what the runner doesn't know.
    pub fn parse(text: &str, overrides: &Overrides) -> Result<Self> {
        let document = node::long_form(serde_yaml_ng::from_str(text)?, "")?;
        let root = Node::root(&document);
        check_sections(&root)?;
        let scope = Scope::new(&root, overrides)?;
        resources::collect(&scope.resolve_resources(&root)?, &scope.globals(&root)?)
    }

    /// The timeout of `function`; Lambda's default of 3 s when the template has no such function.
    pub fn timeout(&self, function: &str) -> Duration {
        self.functions.get(function).map_or(function::DEFAULT_TIMEOUT, |function| function.timeout)
    }
}

fn check_sections(root: &Node<'_>) -> Result<()> {
    const KNOWN: [&str; 9] = [
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    ];
    for (key, value) in root.entries()? {
        match key {
            "Transform" if value.text()? == "AWS::Serverless-2016-10-31" => {}
            key if KNOWN.contains(&key) => {}
            _ => return Err(value.error("is not known to the local runner")),
        }
    }
    Ok(())
}
