//! Whether a condition holds: `Fn::Equals`, `Fn::Not`, `Fn::And`, `Fn::Or` and `Condition`.

use super::{
    Result,
    intrinsic::{Scope, arguments, literal, single},
    node::Node,
};
use serde_json::Value;

impl<'a> Scope<'a> {
    /// Whether the condition that `node` names holds.
    pub(super) fn named(&self, node: &Node<'a>) -> Result<bool> {
        let name = node.text()?;
        match self.conditions.get(name.as_str()) {
            Some(condition) => self.holds(condition),
            None => Err(node.error(format!("there is no condition {name:?}"))),
        }
    }

    pub(super) fn holds(&self, node: &Node<'a>) -> Result<bool> {
        let unknown = || node.error("must be Fn::Equals, Fn::Not, Fn::And, Fn::Or or Condition");
        let (name, argument) = node.value.as_object().and_then(single).ok_or_else(unknown)?;
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
        literal(&value)
            .ok_or_else(|| node.error("has no value here: give the parameter with --parameter NAME=VALUE"))
    }
}
