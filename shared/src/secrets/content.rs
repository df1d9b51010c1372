//! What a secret holds: a JSON object of strings, each under the name of a setting.

use serde_json::Value;

use super::Values;
use crate::config::{SECRET_SETTINGS, Secret};

/// Reads the text of a secret.
///
/// # Errors
/// What is wrong with it, by the name of a key; never by what it holds.
pub(super) fn parse(text: &str) -> Result<Values, String> {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err("is not a JSON object".to_owned());
    };
    object.into_iter().map(setting).collect()
}

fn setting((key, value): (String, Value)) -> Result<(String, Secret), String> {
    if !SECRET_SETTINGS.contains(&key.as_str()) {
        return Err(format!("has the key {key}, which isn't one of {}", SECRET_SETTINGS.join(", ")));
    }
    match value {
        Value::String(value) => Ok((key, Secret::new(value))),
        _ => Err(format!("has a key {key} that isn't a string")),
    }
}

/// Puts the secrets together.
///
/// # Errors
/// A setting that stands in two of them.
pub(super) fn merge(read: Vec<(&str, Values)>) -> Result<Values, Vec<String>> {
    let (mut merged, mut problems) = (Values::new(), Vec::new());
    for (id, values) in read {
        for (key, value) in values {
            if merged.contains_key(&key) {
                problems.push(format!("{id} has the key {key}, which another of the secrets has, too"));
            }
            merged.insert(key, value);
        }
    }
    // As in the environment, where templates can't leave a key out.
    merged.retain(|_, value| !value.expose().is_empty());
    if problems.is_empty() { Ok(merged) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_an_object_of_settings() {
        let values = parse(r#"{"DATABASE_URL":"postgres://h/d","JWT_ISSUERS":""}"#).unwrap();
        assert_eq!(values["DATABASE_URL"], Secret::new("postgres://h/d"));
        let merged = merge(vec![("one", values)]).unwrap();
        assert_eq!(merged.keys().collect::<Vec<_>>(), ["DATABASE_URL"], "an empty one is none");
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key_and_never_shown() {
        for (text, said) in [
            ("hunter2", "is not a JSON object"),
            (r#"["hunter2"]"#, "is not a JSON object"),
            (r#"{"DATABASE_URL":"hunter2""#, "is not a JSON object"),
            (r#"{"PASSWORD":"hunter2"}"#, "has the key PASSWORD"),
            (r#"{"LOG_LEVEL":"hunter2"}"#, "has the key LOG_LEVEL"),
            (r#"{"REDIS_URL":["hunter2"]}"#, "REDIS_URL that isn't a string"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(said) && !problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_setting_stands_in_one_secret() {
        let of = |value: &str| parse(&format!(r#"{{"REDIS_URL":"{value}"}}"#)).unwrap();
        let problems = merge(vec![("one", of("hunter2")), ("two", of(""))]).unwrap_err();
        assert_eq!(problems, ["two has the key REDIS_URL, which another of the secrets has, too"]);
    }
}
