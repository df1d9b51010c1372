//! Sorts a template's resources by type.

use super::{Result, Template, event, function, gateway, http, mapping, node::Node, response, websocket};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Services whose resources surround the functions; none of them changes what a function is given.
const DEPLOYMENT_ONLY: [&str; 25] = [
    "AWS::AmazonMQ::",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Deployment",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApplicationAutoScaling::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::",
    "AWS::CloudWatch::",
    "AWS::EC2::",
    "AWS::ElastiCache::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::RDS::",
    "AWS::Route53::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::SSM::",
    "AWS::SecretsManager::",
    "AWS::Serverless::Application",
    "AWS::WAFv2::",
    "AWS::XRay::",
    "Custom::",
];

/// What is gathered while the resources are read.
pub(super) struct Collector<'a> {
    pub(super) template: Template,
    /// The name of each function by its logical id.
    names: BTreeMap<&'a str, String>,
}

/// Reads resolved resources, with the resolved `Globals` laid under them.
///
/// # Errors
/// Names the first thing that is missing, wrong or unknown to the runner.
pub(super) fn collect(resources: &Value, globals: &Value) -> Result<Template> {
    let resources: Vec<_> = Node::new(resources, "Resources").entries()?.collect();
    let globals = Node::new(globals, "Globals");
    let mut collector = Collector { template: Template::default(), names: BTreeMap::new() };
    check_globals(&globals)?;
    // Functions come first: everything else refers to them.
    for (id, resource) in of_type(&resources, "AWS::Serverless::Function") {
        let read = function::read(id, resource, globals.get("Function").as_ref(), &mut collector)?;
        collector.name(id, read, resource)?;
    }
    for (id, resource) in &resources {
        collector.read(id, resource)?;
    }
    gateway::read(&resources, &mut collector)?;
    response::attach(&of_type(&resources, response::KIND), &mut collector)?;
    Ok(collector.template)
}

fn check_globals(globals: &Node<'_>) -> Result<()> {
    for (key, value) in globals.entries()? {
        if key != "Function" {
            return Err(value.error("only Globals.Function is known to the local runner"));
        }
    }
    Ok(())
}

pub(super) fn of_type<'a, 'n>(
    resources: &'n [(&'a str, Node<'a>)],
    kind: &str,
) -> Vec<(&'a str, &'n Node<'a>)> {
    let typed = |resource: &Node<'_>| resource.value.get("Type") == Some(&Value::from(kind));
    let matching = resources.iter().filter(|(_, resource)| typed(resource));
    matching.map(|(id, resource)| (*id, resource)).collect()
}

impl<'a> Collector<'a> {
    fn name(&mut self, id: &'a str, read: super::Function, resource: &Node<'_>) -> Result<()> {
        let name = read.name.clone();
        self.names.insert(id, name.clone());
        match self.template.functions.insert(name.clone(), read) {
            Some(_) => Err(resource.error(format!("a second function is called {name:?}"))),
            None => Ok(()),
        }
    }

    /// Reads what refers to functions.
    fn read(&mut self, id: &str, resource: &Node<'a>) -> Result<()> {
        let kind = resource.need("Type")?;
        match kind.text()?.as_str() {
            "AWS::Serverless::Function" => event::read_all(resource, self),
            "AWS::Serverless::WebSocketApi" => websocket::read(id, resource, self),
            "AWS::Serverless::HttpApi" => http::read(id, resource, self),
            "AWS::Lambda::EventSourceMapping" => mapping::read(resource, self),
            // Read together, since they refer to each other.
            response::KIND => Ok(()),
            kind if gateway::KINDS.contains(&kind) => Ok(()),
            other if DEPLOYMENT_ONLY.iter().any(|known| other.starts_with(known)) => {
                self.template.ignored.insert(other.to_owned());
                Ok(())
            }
            other => Err(kind.error(format!("{other} is not known to the local runner"))),
        }
    }

    /// The name of the function that `node` refers to.
    pub(super) fn function(&self, node: &Node<'_>) -> Result<String> {
        let id = node.resource()?;
        let name = self.names.get(id).cloned();
        name.ok_or_else(|| node.error(format!("{id} is not a function of this template")))
    }

    /// The name of the function that an integration's or an authorizer's URI invokes.
    pub(super) fn invoked_by(&self, uri: &Node<'_>) -> Result<String> {
        let name = uri.reference().and_then(|id| self.names.get(id)).cloned();
        name.ok_or_else(|| uri.error("names no function of this template"))
    }

    /// Checks that every property of `node` is in `known` or, only mattering to a deployment, in
    /// `deployment`; the latter are noted as `label.Property`.
    pub(super) fn check(
        &mut self,
        node: &Node<'_>,
        label: &str,
        known: &[&str],
        deployment: &[&str],
    ) -> Result<()> {
        for (key, value) in node.entries()? {
            if deployment.contains(&key) {
                self.template.ignored.insert(format!("{label}.{key}"));
            } else if !known.contains(&key) {
                return Err(value.error("is not known to the local runner"));
            }
        }
        Ok(())
    }
}

/// The logical ids and labels that must not repeat, by what they are.
pub(super) fn once<T>(slot: &mut Option<T>, value: T, node: &Node<'_>) -> Result<()> {
    match slot.replace(value) {
        Some(_) => Err(node.error("the local runner serves one API of this kind")),
        None => Ok(()),
    }
}

/// The distinct values of `items` that occur twice.
pub(super) fn repeated<'s>(items: impl Iterator<Item = &'s str>) -> Option<&'s str> {
    let mut seen = BTreeSet::new();
    let mut items = items;
    items.find(|item| !seen.insert(*item))
}
