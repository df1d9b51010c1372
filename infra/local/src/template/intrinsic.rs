//! Parameters, conditions and the intrinsic functions `Ref`, `Fn::Sub`, `Fn::If`, `Fn::Equals`,
//! `Fn::Not`, `Fn::And`, `Fn::Or`, `Fn::Join`, `Fn::Split`, `Fn::Select` and `Condition`.
//!
//! A value that depends on a resource (`Ref` to one, `Fn::GetAtt`, a `Fn::Sub` of one) or on a function
//! not listed stays as it is written: whoever needs it as a literal says so with its place.

use super::{Overrides, Result, TemplateError, node::Node};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Marks a value that `AWS::NoValue` removes.
const NO_VALUE: &str = "AWS::NoValue";

/// The pseudo parameters that have a value without a deployment.
const PSEUDO: [(&str, &str); 5] = [
    ("AWS::AccountId", "000000000000"),
    ("AWS::Partition", "aws"),
    ("AWS::Region", "us-east-1"),
    ("AWS::StackName", "hark"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

/// What names stand for: parameters with their values, and conditions.
pub(super) struct Scope<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(root: &Node<'a>, overrides: &Overrides) -> Result<Self> {
        Ok(Self {
            parameters: parameters(root, overrides)?,
            conditions: match root.get("Conditions") {
                Some(conditions) => conditions.entries()?.collect(),
                None => BTreeMap::new(),
            },
        })
    }

    /// The resources whose condition holds, resolved.
    pub(super) fn resolve_resources(&self, root: &Node<'a>) -> Result<Value> {
        let mut resolved = Map::new();
        for (id, resource) in root.need("Resources")?.entries()? {
            if id.starts_with("Fn::") {
                return Err(resource.error("is not known to the local runner"));
            }
            let enabled = match resource.get("Condition") {
                Some(condition) => self.named(&condition)?,
                None => true,
            };
            if enabled && let Some(value) = self.resolve(&resource)? {
                resolved.insert(id.to_owned(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    /// `Globals`, resolved; empty when the template has none.
    pub(super) fn globals(&self, root: &Node<'a>) -> Result<Value> {
        let globals = match root.get("Globals") {
            Some(globals) => self.resolve(&globals)?,
            None => None,
        };
        Ok(globals.unwrap_or_else(|| Value::Object(Map::new())))
    }

    /// The value with its functions applied; `None` when it is `AWS::NoValue`.
    fn resolve(&self, node: &Node<'a>) -> Result<Option<Value>> {
        match node.value {
            Value::Array(_) => self.resolve_items(node).map(Value::Array).map(Some),
            Value::Object(map) => match single(map) {
                Some((name, argument)) => self.apply(node, name, argument),
                None => self.resolve_entries(node).map(Some),
            },
            literal => Ok(Some(literal.clone())),
        }
    }

    fn resolve_items(&self, node: &Node<'a>) -> Result<Vec<Value>> {
        let items = node.items().map(|item| self.resolve(&item));
        items.filter_map(Result::transpose).collect()
    }

    fn resolve_entries(&self, node: &Node<'a>) -> Result<Value> {
        let mut resolved = Map::new();
        for (key, value) in node.entries()? {
            if let Some(value) = self.resolve(&value)? {
                resolved.insert(key.to_owned(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn apply(&self, node: &Node<'a>, name: &str, argument: &'a Value) -> Result<Option<Value>> {
        let argument = Node::new(argument, format!("{}.{name}", node.place));
        let kept = || Ok(Some(node.value.clone()));
        match name {
            "Ref" if argument.value == NO_VALUE => Ok(None),
            "Ref" => Ok(Some(self.reference(&argument, node.value)?)),
            "Fn::If" => self.choose(&argument),
            "Fn::Sub" => Ok(Some(self.substitute(&argument, node.value)?)),
            "Fn::Join" => Ok(Some(self.join(&argument, node.value)?)),
            "Fn::Split" => Ok(Some(self.split(&argument, node.value)?)),
            "Fn::Select" => Ok(Some(self.select(&argument, node.value)?)),
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                Ok(Some(Value::Bool(self.holds(node)?)))
            }
            name if name.starts_with("Fn::") => kept(),
            // A mapping with one key: an ordinary value (`Condition` is one in an IAM statement).
            _ => self.resolve_entries(node).map(Some),
        }
    }

    fn reference(&self, name: &Node<'a>, whole: &Value) -> Result<Value> {
        let name = name.text()?;
        Ok(self.parameters.get(&name).unwrap_or(whole).clone())
    }

    fn choose(&self, argument: &Node<'a>) -> Result<Option<Value>> {
        let [condition, yes, no] = &arguments(argument)?[..] else {
            return Err(argument.error("takes a condition and two values"));
        };
        let chosen = if self.named(condition)? { yes } else { no };
        self.resolve(chosen)
    }

    /// `Fn::Sub` with every `${}` known becomes a literal; otherwise it stays.
    fn substitute(&self, argument: &Node<'a>, whole: &Value) -> Result<Value> {
        let (text, own) = match argument.value {
            Value::Array(_) => {
                let parts = arguments(argument)?;
                let own = parts
                    .get(1)
                    .map(|own| self.resolve_entries(own))
                    .transpose()?;
                (
                    parts
                        .first()
                        .map_or_else(String::new, |part| part.text().unwrap_or_default()),
                    own,
                )
            }
            _ => (argument.text()?, None),
        };
        let lookup = |name: &str| {
            let own = own.as_ref().and_then(|own| own.get(name));
            literal(own.or_else(|| self.parameters.get(name))?)
        };
        Ok(fill(&text, lookup).map_or_else(|| whole.clone(), Value::String))
    }

    fn join(&self, argument: &Node<'a>, whole: &Value) -> Result<Value> {
        let [separator, list] = &arguments(argument)?[..] else {
            return Err(argument.error("takes a separator and a list"));
        };
        let Some(Value::Array(items)) = self.resolve(list)? else {
            return Ok(whole.clone());
        };
        let items: Option<Vec<String>> = items.iter().map(literal).collect();
        let separator = separator.text()?;
        Ok(items.map_or_else(
            || whole.clone(),
            |items| Value::String(items.join(&separator)),
        ))
    }

    fn split(&self, argument: &Node<'a>, whole: &Value) -> Result<Value> {
        let [separator, text] = &arguments(argument)?[..] else {
            return Err(argument.error("takes a separator and a string"));
        };
        let separator = separator.text()?;
        let Some(text) = self.resolve(text)?.as_ref().and_then(literal) else {
            return Ok(whole.clone());
        };
        Ok(text.split(&separator).map(Value::from).collect())
    }

    fn select(&self, argument: &Node<'a>, whole: &Value) -> Result<Value> {
        let [index, list] = &arguments(argument)?[..] else {
            return Err(argument.error("takes an index and a list"));
        };
        let Some(Value::Array(items)) = self.resolve(list)? else {
            return Ok(whole.clone());
        };
        let index = usize::try_from(index.number()?).unwrap_or(usize::MAX);
        let chosen = items.get(index).cloned();
        chosen.ok_or_else(|| argument.error("selects an item that the list doesn't have"))
    }

    /// Whether the condition that `node` names holds.
    fn named(&self, node: &Node<'a>) -> Result<bool> {
        let name = node.text()?;
        match self.conditions.get(name.as_str()) {
            Some(condition) => self.holds(condition),
            None => Err(node.error(format!("there is no condition {name:?}"))),
        }
    }

    fn holds(&self, node: &Node<'a>) -> Result<bool> {
        let unknown = || node.error("must be Fn::Equals, Fn::Not, Fn::And, Fn::Or or Condition");
        let (name, argument) = node
            .value
            .as_object()
            .and_then(single)
            .ok_or_else(unknown)?;
        let argument = Node::new(argument, format!("{}.{name}", node.place));
        match name {
            "Condition" => self.named(&argument),
            "Fn::Equals" => self.equal(&argument),
            "Fn::Not" => Ok(!self.all(&argument)?),
            "Fn::And" => self.all(&argument),
            "Fn::Or" => self.any(&argument),
            _ => Err(unknown()),
        }
    }

    fn all(&self, argument: &Node<'a>) -> Result<bool> {
        for condition in argument.items() {
            if !self.holds(&condition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn any(&self, argument: &Node<'a>) -> Result<bool> {
        for condition in argument.items() {
            if self.holds(&condition)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn equal(&self, argument: &Node<'a>) -> Result<bool> {
        let [left, right] = &arguments(argument)?[..] else {
            return Err(argument.error("takes two values"));
        };
        Ok(self.comparable(left)? == self.comparable(right)?)
    }

    fn comparable(&self, node: &Node<'a>) -> Result<String> {
        let value = self.resolve(node)?.unwrap_or(Value::Null);
        literal(&value).ok_or_else(|| {
            node.error("has no value here: give the parameter with --parameter NAME=VALUE")
        })
    }
}

fn parameters(root: &Node<'_>, overrides: &Overrides) -> Result<BTreeMap<String, Value>> {
    let pseudo = PSEUDO.map(|(name, value)| (name.to_owned(), Value::from(value)));
    let mut values = BTreeMap::from(pseudo);
    let mut unknown = overrides.clone();
    if let Some(declared) = root.get("Parameters") {
        for (name, parameter) in declared.entries()? {
            let given = unknown.remove(name).map(Value::String);
            if let Some(value) =
                given.or_else(|| parameter.get("Default").map(|node| node.value.clone()))
            {
                values.insert(name.to_owned(), list_aware(&parameter, value));
            }
        }
    }
    match unknown.keys().next() {
        Some(name) => Err(TemplateError::at(
            "Parameters",
            format!("there is no parameter {name:?}"),
        )),
        None => Ok(values),
    }
}

/// A `CommaDelimitedList` or `List<...>` is written as one string and read as a list.
fn list_aware(parameter: &Node<'_>, value: Value) -> Value {
    let kind = parameter
        .get("Type")
        .and_then(|kind| kind.text().ok())
        .unwrap_or_default();
    match &value {
        Value::String(text) if kind == "CommaDelimitedList" || kind.starts_with("List<") => text
            .split(',')
            .map(|item| Value::from(item.trim()))
            .collect(),
        _ => value,
    }
}

fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    let (key, value) = entries.next()?;
    entries.next().is_none().then_some((key.as_str(), value))
}

fn arguments<'a>(node: &Node<'a>) -> Result<Vec<Node<'a>>> {
    if node.value.is_array() {
        Ok(node.items().collect())
    } else {
        Err(node.error("must be a list"))
    }
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Fills `${name}` from `lookup`; `${!name}` stays as `${name}`. `None` when a name has no value.
fn fill(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        match name.strip_prefix('!') {
            Some(verbatim) => filled.push_str(&format!("${{{verbatim}}}")),
            None => filled.push_str(&lookup(name)?),
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}
