//! The template's parameters: what was given, or else their defaults.

use super::{Overrides, Result, TemplateError, node::Node};
use serde_json::Value;
use std::collections::BTreeMap;

/// The pseudo parameters that have a value without a deployment.
const PSEUDO: [(&str, &str); 5] = [
    ("AWS::AccountId", "000000000000"),
    ("AWS::Partition", "aws"),
    ("AWS::Region", "us-east-1"),
    ("AWS::StackName", "hark"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

/// The value of each parameter that has one; a parameter without a default may have none.
///
/// # Errors
/// A value was given for a parameter that the template doesn't have.
pub(super) fn values(root: &Node<'_>, overrides: &Overrides) -> Result<BTreeMap<String, Value>> {
    let pseudo = PSEUDO.map(|(name, value)| (name.to_owned(), Value::from(value)));
    let mut values = BTreeMap::from(pseudo);
    let mut unknown = overrides.clone();
    if let Some(declared) = root.get("Parameters") {
        for (name, parameter) in declared.entries()? {
            let given = unknown.remove(name).map(Value::String);
            if let Some(value) = given.or_else(|| parameter.get("Default").map(|node| node.value.clone())) {
                values.insert(name.to_owned(), list_aware(&parameter, value));
            }
        }
    }
    match unknown.keys().next() {
        Some(name) => Err(TemplateError::at("Parameters", format!("there is no parameter {name:?}"))),
        None => Ok(values),
    }
}

/// A `CommaDelimitedList` or `List<...>` is written as one string and read as a list.
fn list_aware(parameter: &Node<'_>, value: Value) -> Value {
    let kind = parameter.get("Type").and_then(|kind| kind.text().ok()).unwrap_or_default();
    match &value {
        Value::String(text) if kind == "CommaDelimitedList" || kind.starts_with("List<") => {
            text.split(',').map(|item| Value::from(item.trim())).collect()
        }
        _ => value,
    }
}
