//! `AWS::Serverless::Function`: its name, timeout and environment.

use super::{Function, Result, node::Node, resources::Collector};
use std::{collections::BTreeMap, time::Duration};

/// What Lambda takes when a function states no timeout.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

const KNOWN: [&str; 4] = ["CodeUri", "Environment", "Events", "Timeout"];
const DEPLOYMENT: [&str; 28] = [
    "Architectures",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FunctionName",
    "Handler",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "Tracing",
    "VersionDescription",
    "VpcConfig",
    "RecursiveLoop",
];

/// Reads one function; `globals` is `Globals.Function`.
///
/// # Errors
/// No `CodeUri`, a timeout that is no number, or a property that is not known.
pub(super) fn read(
    resource: &Node<'_>,
    globals: Option<&Node<'_>>,
    collector: &mut Collector<'_>,
) -> Result<Function> {
    let properties = resource.need("Properties")?;
    for node in [Some(&properties), globals].into_iter().flatten() {
        collector.check(node, "Function", &KNOWN, &DEPLOYMENT)?;
    }
    let layers = [globals, Some(&properties)];
    Ok(Function { name: name(&properties)?, timeout: timeout(layers)?, environment: environment(layers)? })
}

fn name(properties: &Node<'_>) -> Result<String> {
    let uri = properties.need("CodeUri")?;
    let text = uri.text()?;
    match text.trim_end_matches('/').rsplit('/').next() {
        Some(name) if !name.is_empty() && name != "." => Ok(name.to_owned()),
        _ => Err(uri.error("must end in the function's name, e.g. target/lambda/connect/")),
    }
}

fn timeout(layers: [Option<&Node<'_>>; 2]) -> Result<Duration> {
    let stated = layers.into_iter().rev().flatten().find_map(|layer| layer.get("Timeout"));
    match stated {
        Some(seconds) => Ok(Duration::from_secs(seconds.number()?)),
        None => Ok(DEFAULT_TIMEOUT),
    }
}

/// Where a deployment's secrets are: nobody answers for them here, and what they hold is given to the runner.
const SECRETS: &str = "SECRETS";

/// The literal values of both layers, the function's own over the global ones.
fn environment(layers: [Option<&Node<'_>>; 2]) -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for layer in layers.into_iter().flatten() {
        let Some(variables) = layer.get("Environment").and_then(|node| node.get("Variables")) else {
            continue;
        };
        for (name, value) in variables.entries()? {
            match value.text() {
                _ if name == SECRETS => None,
                Ok(text) if !text.starts_with("{{resolve:") => environment.insert(name.to_owned(), text),
                // Made by the deployment: an own value that has no literal hides the global one too.
                _ => environment.remove(name),
            };
        }
    }
    Ok(environment)
}
