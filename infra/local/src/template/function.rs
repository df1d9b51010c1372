//! `AWS::Serverless::Function`: its name, its limits, its environment and what becomes of its failures.

use super::{Function, Result, node::Node, resources::Collector, retries};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What Lambda takes when a function states no timeout.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

const KNOWN: [&str; 8] = [
    "CodeUri",
    "Environment",
    "EventInvokeConfig",
    "Events",
    "Handler",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Timeout",
];
const DEPLOYMENT: [&str; 24] = [
    "Architectures",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "EphemeralStorage",
    "FunctionName",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
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

/// A function's own properties over `Globals.Function`: the last that states something counts.
type Layers<'n, 'a> = [Option<&'n Node<'a>>; 2];

/// Reads the function with the logical id `id`; `globals` is `Globals.Function`.
///
/// # Errors
/// A value that isn't of its kind, or a property that is not known.
pub(super) fn read(
    id: &str,
    resource: &Node<'_>,
    globals: Option<&Node<'_>>,
    collector: &mut Collector<'_>,
) -> Result<Function> {
    let properties = resource.need("Properties")?;
    for node in [Some(&properties), globals].into_iter().flatten() {
        collector.check(node, "Function", &KNOWN, &DEPLOYMENT)?;
    }
    let layers = [globals, Some(&properties)];
    let retries = stated(layers, "EventInvokeConfig");
    Ok(Function {
        name: name(id, layers)?,
        timeout: timeout(layers)?,
        environment: environment(layers)?,
        endpoints: endpoints(layers)?,
        handler: stated(layers, "Handler").map(|handler| handler.text()).transpose()?,
        memory_mb: stated(layers, "MemorySize").map(|size| size.number()).transpose()?,
        reserved: stated(layers, "ReservedConcurrentExecutions").map(|most| count(&most)).transpose()?,
        retries: retries.map(|config| retries::read(&config, collector)).transpose()?.unwrap_or_default(),
    })
}

fn stated<'a>(layers: Layers<'_, 'a>, property: &str) -> Option<Node<'a>> {
    layers.into_iter().rev().flatten().find_map(|layer| layer.get(property))
}

fn name(id: &str, layers: Layers<'_, '_>) -> Result<String> {
    let Some(uri) = stated(layers, "CodeUri") else { return Ok(id.to_owned()) };
    let text = uri.text()?;
    let folder = text.trim_end_matches('/').rsplit('/').next();
    Ok(folder.filter(|name| !matches!(*name, "" | "." | "..")).unwrap_or(id).to_owned())
}

fn count(number: &Node<'_>) -> Result<usize> {
    number.number().map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn timeout(layers: Layers<'_, '_>) -> Result<Duration> {
    match stated(layers, "Timeout") {
        Some(seconds) => Ok(Duration::from_secs(seconds.number()?)),
        None => Ok(DEFAULT_TIMEOUT),
    }
}

/// Where a deployment's secrets are: nobody answers for them here, and what they hold is given to the runner.
const SECRETS: &str = "SECRETS";

/// The literal values of both layers, the function's own over the global ones.
fn environment(layers: Layers<'_, '_>) -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for layer in layers.into_iter().flatten() {
        for (name, value) in variables(layer)? {
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

/// The variables that are the address of an API Gateway API of this template, where the runner's own counts instead.
fn endpoints(layers: Layers<'_, '_>) -> Result<BTreeSet<String>> {
    let mut endpoints = BTreeSet::new();
    for layer in layers.into_iter().flatten() {
        for (name, value) in variables(layer)? {
            match is_endpoint(&value) {
                true => endpoints.insert(name.to_owned()),
                false => endpoints.remove(name),
            };
        }
    }
    Ok(endpoints)
}

/// `https://${SomeApi}.execute-api...`
fn is_endpoint(value: &Node<'_>) -> bool {
    let text = value.get("Fn::Sub").and_then(|text| text.text().ok()).unwrap_or_default();
    text.strip_prefix("https://${")
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(_, rest)| rest.starts_with(".execute-api."))
}

fn variables<'a>(layer: &Node<'a>) -> Result<Vec<(&'a str, Node<'a>)>> {
    let variables = layer.get("Environment").and_then(|node| node.get("Variables"));
    variables.map_or(Ok(Vec::new()), |variables| Ok(variables.entries()?.collect()))
}
