//! Whether an authorizer's policy lets a handshake in.

use serde::Deserialize;

/// The part of an IAM policy document that decides.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    statement: OneOrMany<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(items) => items,
            Self::One(item) => std::slice::from_ref(item),
        }
    }
}

/// What a policy says of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is allowed and not denied.
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement is about it, which denies it too.
    Silent,
}

impl Policy {
    /// What it says of `execute-api:Invoke` on `arn`.
    pub(super) fn verdict(&self, arn: &str) -> Verdict {
        let about = |statement: &&Statement| statement.is_about(arn);
        let mut verdict = Verdict::Silent;
        for statement in self.statement.as_slice().iter().filter(about) {
            match statement.effect.as_str() {
                "Allow" => verdict = Verdict::Allowed,
                _ => return Verdict::Denied,
            }
        }
        verdict
    }
}

impl Statement {
    fn is_about(&self, arn: &str) -> bool {
        let any = |patterns: &[String], text: &str| {
            patterns.iter().any(|pattern| matches(pattern.as_bytes(), text.as_bytes()))
        };
        any(self.action.as_slice(), "execute-api:Invoke") && any(self.resource.as_slice(), arn)
    }
}

/// IAM's wildcards: `*` is any text, `?` any one character.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|taken| matches(rest, &text[taken..])),
        ([b'?', rest @ ..], [_, text @ ..]) => matches(rest, text),
        ([first, rest @ ..], [letter, text @ ..]) => first == letter && matches(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Policy,
        Verdict::{self, Allowed, Denied, Silent},
    };

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:api/live/$connect";

    fn verdict(effect: &str, resource: &str) -> Verdict {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
        ]});
        let policy: Policy = serde_json::from_value(policy).expect("it is a policy");
        policy.verdict(ARN)
    }

    #[test]
    fn a_policy_is_about_its_resource_alone() {
        assert_eq!(verdict("Allow", ARN), Allowed);
        assert_eq!(verdict("Allow", "*"), Allowed);
        assert_eq!(verdict("Allow", "arn:aws:execute-api:*:api/*/$connect"), Allowed);
        assert_eq!(verdict("Allow", "arn:aws:execute-api:us-east-1:000000000000:other/*"), Silent);
        assert_eq!(verdict("Deny", "*"), Denied);
    }
}
