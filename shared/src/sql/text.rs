use std::borrow::Cow;

use serde_json::Value;

/// The form in which names and addresses are compared: "Ann" and "ANN" are one user.
#[must_use]
pub fn folded(text: &str) -> String {
    storable(text).to_lowercase()
}

/// The text as a store can hold it. Postgres has no NUL in a text; the boundary refuses it, and what
/// slips through becomes U+FFFD here rather than a failed statement.
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

/// The same for every key and string of a JSON value.
#[must_use]
pub fn storable_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(text).into_owned()),
        Value::Array(items) => items.iter().map(storable_json).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (storable(name).into_owned(), storable_json(value))).collect()
        }
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_in_every_script() {
        assert_eq!(folded("ÄNN Ω"), "änn ω");
    }

    #[test]
    fn nul_is_replaced_wherever_it_hides() {
        let value = serde_json::json!({"a\0": ["b\0", {"c": "\0"}], "d": 1});
        let expected = serde_json::json!({"a\u{FFFD}": ["b\u{FFFD}", {"c": "\u{FFFD}"}], "d": 1});
        assert_eq!(storable_json(&value), expected);
    }
}
