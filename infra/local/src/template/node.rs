//! A value of the template together with its place, so that every error can name it.

use super::{Result, TemplateError};
use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

/// Turns YAML into JSON values, CloudFormation's short tags (`!Ref x`) into their long forms
/// (`{"Ref": "x"}`).
///
/// # Errors
/// A key that is no string, or a number that JSON doesn't have.
pub(super) fn long_form(yaml: Yaml, place: &str) -> Result<Value> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::String(value) => Value::String(value),
        Yaml::Number(value) => {
            serde_json::to_value(value).map_err(|error| TemplateError::at(place, error.to_string()))?
        }
        Yaml::Sequence(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(index, item)| long_form(item, &format!("{place}[{index}]"))).collect::<Result<_>>()?
        }
        Yaml::Mapping(entries) => Value::Object(
            entries.into_iter().map(|(key, value)| entry(key, value, place)).collect::<Result<_>>()?,
        ),
        Yaml::Tagged(tagged) => tag(&tagged.tag.to_string(), long_form(tagged.value, place)?),
    })
}

fn entry(key: Yaml, value: Yaml, place: &str) -> Result<(String, Value)> {
    let key = match key {
        Yaml::String(key) => key,
        Yaml::Number(key) => key.to_string(),
        Yaml::Bool(key) => key.to_string(),
        _ => return Err(TemplateError::at(place, "has a key that is not a string")),
    };
    let value = long_form(value, &join(place, &key))?;
    Ok((key, value))
}

fn tag(tag: &str, value: Value) -> Value {
    let name = tag.trim_start_matches('!');
    let (key, value) = match (name, value) {
        ("Ref" | "Condition", value) => (name.to_owned(), value),
        // `!GetAtt A.B` is short for `Fn::GetAtt: [A, B]`.
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            ("Fn::GetAtt".to_owned(), serde_json::json!([resource, attribute]))
        }
        (name, value) => (format!("Fn::{name}"), value),
    };
    Value::Object(Map::from_iter([(key, value)]))
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) place: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self::new(value, "")
    }

    pub(super) fn new(value: &'a Value, place: impl Into<String>) -> Self {
        Self { value, place: place.into() }
    }

    /// An error at this place.
    pub(super) fn error(&self, problem: impl Into<String>) -> TemplateError {
        TemplateError::at(&self.place, problem)
    }

    /// The value under `key`, if this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self::new(value, join(&self.place, key)))
    }

    /// The value under `key`, or an error that names what is missing.
    pub(super) fn need(&self, key: &str) -> Result<Self> {
        self.get(key).ok_or_else(|| self.error(format!("{key} is missing")))
    }

    /// The entries of a mapping.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Self)> + use<'a>> {
        let Some(map) = self.value.as_object() else {
            return Err(self.error("must be a mapping"));
        };
        let place = self.place.clone();
        Ok(map.iter().map(move |(key, value)| (key.as_str(), Self::new(value, join(&place, key)))))
    }

    /// The items of a list; a single value counts as a list of one.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let items = match self.value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let place = self.place.clone();
        let items = items.iter().enumerate();
        items.map(move |(index, value)| Self::new(value, format!("{place}[{index}]")))
    }

    /// A string; numbers and booleans count as theirs, as in CloudFormation.
    pub(super) fn text(&self) -> Result<String> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            _ => Err(self.error("must be a literal value, or one that the local runner can resolve")),
        }
    }

    /// A whole number, written as a number or as a string.
    pub(super) fn number(&self) -> Result<u64> {
        let text = self.text()?;
        text.parse().map_err(|_| self.error(format!("must be a whole number, not {text:?}")))
    }

    /// A boolean, written as one or as a string.
    pub(super) fn flag(&self) -> Result<bool> {
        let text = self.text()?;
        text.parse().map_err(|_| self.error(format!("must be true or false, not {text:?}")))
    }

    /// The one logical id that stands somewhere in the value: a `Ref`, or `${Id}` or `${Id.Arn}` of a `Fn::Sub`, such
    /// as `integrations/${Id}`; pseudo parameters don't count.
    pub(super) fn reference(&self) -> Option<&'a str> {
        if let Some(text) = self.value.get("Fn::Sub").and_then(Value::as_str) {
            let mut names = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
            let name = names.find(|name| !name.starts_with("AWS::"))?;
            return Some(name.strip_suffix(".Arn").unwrap_or(name));
        }
        let joined = || self.value.get("Fn::Join")?.as_array()?.get(1)?.as_array();
        let mut parts = joined().into_iter().flatten();
        let part = parts.find_map(|part| Node::new(part, self.place.clone()).resource().ok());
        part.or_else(|| self.resource().ok())
    }

    /// The logical id of the resource that this is a `Ref` to or an `Arn` of.
    pub(super) fn resource(&self) -> Result<&'a str> {
        let by_ref = self.value.get("Ref").and_then(Value::as_str);
        let by_arn = || {
            let path = self.value.get("Fn::GetAtt")?.as_array()?;
            (path.get(1)?.as_str()? == "Arn").then(|| path.first()?.as_str())?
        };
        by_ref
            .or_else(by_arn)
            .ok_or_else(|| self.error("must be !Ref or !GetAtt ....Arn of a resource of this template"))
    }
}
